import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  chmod,
  copyFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { fastai, Learner, ModelStore } from 'nestjs-vts';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { HttpClient } from './helpers/http-client.js';
import { startVts, vts, type VtsOptions } from './helpers/vts.js';

const TEXT = 'test/fixtures/learners/legacy_stream/export.pkl';
const REVIEW = 'I really liked that movie!';

interface Served {
  readonly client: HttpClient;
  readonly url: string;
  /** What it has said so far. */
  said(): string;
  /** Tells it to end; gives its exit code. */
  end(): Promise<number | null>;
}

let folder: string;
/** Where processes have their temporary files. */
let temporary: string;
const running = new Set<ChildProcess>();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vts-serve-test-'));
  temporary = join(folder, 'tmp');
  await mkdir(temporary);
});
afterEach(() => {
  for (const child of running) child.kill('SIGKILL');
});
afterAll(() => rm(folder, { recursive: true }));

async function serve(args: readonly string[], options: VtsOptions = {}): Promise<Served> {
  const env = { TMPDIR: temporary, ...options.env };
  const child = startVts(['serve', ...args, '--port', '0', '--host', '127.0.0.1'], {
    ...options,
    env,
  });
  running.add(child);
  const ended = once(child, 'close').then(([code]) => {
    running.delete(child);
    return code as number | null;
  });
  let said = '';
  const url = await new Promise<string>((resolve, reject) => {
    const listen = (chunk: Buffer): void => {
      said += chunk.toString();
      const found = /(http:\/\/127\.0\.0\.1:\d+)\/metrics/.exec(said)?.[1];
      if (found !== undefined) resolve(found);
    };
    child.stdout?.on('data', listen);
    child.stderr?.on('data', listen);
    void ended.then((code) => reject(new Error(`${code}: ${said}`)));
  });
  return {
    client: new HttpClient(url),
    url,
    said: () => said,
    end: () => {
      child.kill('SIGTERM');
      return ended;
    },
  };
}

/** Onnxruntime has files of its own there. */
const leftovers = async (): Promise<string[]> =>
  (await readdir(temporary)).filter((name) => name.startsWith('vts-'));

const failure = async (...args: string[]): Promise<string> => {
  const { code, stderr } = await vts(['serve', ...args], { env: { TMPDIR: temporary } });
  expect(code).toBe(1);
  return stderr;
};

const names = async (served: Served, headers = {}): Promise<string[]> => {
  const { json } = await served.client.get('/api/models', headers);
  return (json as { models: { name: string }[] }).models.map(({ name }) => name);
};

describe('vts serve', () => {
  it('serves a page from a file, and leaves nothing behind', async () => {
    const served = await serve([TEXT]);
    const line = served
      .said()
      .split('\n')
      .find((each) => each.startsWith('Serving'));
    const { url } = served;
    expect(line).toBe(
      `Serving legacy_stream: page ${url}/, POST ${url}/predict, documentation ${url}/docs, metrics ${url}/metrics`,
    );
    // No line for each route, and no colours where nobody sees them.
    expect(served.said().split('\n').length).toBeLessThan(5);
    expect(served.said()).not.toContain('\u001b');
    const learner = await Learner.load<string, string>(TEXT);
    const [decoded, , probs] = await learner.predict(REVIEW);
    await learner.release();
    const { json } = await served.client.text('/predict', REVIEW);
    expect(json).toMatchObject({
      prediction: decoded,
      probabilities: [...(probs.data as Float32Array)],
    });
    expect((await served.client.get('/')).type).toBe('text/html; charset=utf-8');
    expect((await served.client.text('/show', REVIEW)).status).toBe(200);
    expect((await served.client.text('/explain', REVIEW)).status).toBe(200);
    expect(await leftovers()).toHaveLength(1);
    expect(await served.end()).toBe(0);
    expect(await leftovers()).toEqual([]);
  });

  it('serves a file, a folder, a tag and a layer at once, named apart', async () => {
    const home = join(folder, 'home');
    await fastai.saveModel('bears', TEXT, { store: new ModelStore(home) });
    const project = join(folder, 'Bears & Co');
    await mkdir(join(project, 'models'), { recursive: true });
    const table = gunzipSync(await readFile('test/fixtures/tabular/typed.pkl.gz'));
    await writeFile(join(project, 'models', 'export.pkl'), table);
    const other = join(folder, 'bears.pkl');
    await copyFile(TEXT, other);
    const layer = join(folder, 'layer.pt');
    await copyFile('test/fixtures/pytorch/mlp.pt', layer);
    const hostile = join(folder, '<img src=x onerror=alert(1)>.pkl');
    await copyFile(TEXT, hostile);
    const served = await serve(['bears', other, project, layer, hostile], { home });
    const img = 'img-src-x-onerror-alert-1';
    expect(await names(served)).toEqual(['bears', 'bears-2', 'bears-co', 'layer', img]);
    for (const name of ['bears', 'bears-2', img]) {
      expect(await served.client.text(`/models/${name}/predict`, REVIEW)).toMatchObject({
        status: 200,
        json: { classes: ['neg', 'pos'] },
      });
    }
    const document = (await served.client.get('/docs-json')).json as { paths: object };
    expect(document.paths).toHaveProperty(
      ['/models/bears-co/predict', 'post', 'operationId'],
      'predict_bears_co',
    );
    expect(document.paths).not.toHaveProperty(['/models/layer/show']);
    expect(await served.end()).toBe(0);
    expect(await leftovers()).toEqual([]);
  }, 60_000);

  it('asks for the key, except for the page’s own files and probes', async () => {
    const key = 'a key/with+all=';
    const served = await serve([TEXT, '--cors', 'https://app.example.com'], {
      env: { VTS_API_KEY: key },
    });
    const { client } = served;
    for (const path of ['/', '/livez', '/readyz', '/healthz']) {
      expect((await client.get(path)).status).toBe(200);
    }
    const without = ['/api/models', '/metrics', '/docs', '/docs-json', '/LIVEZ', '//', '/livez/'];
    for (const path of without)
      expect([path, (await client.get(path)).status]).toEqual([path, 401]);
    for (const headers of [{}, { 'x-api-key': 'a' }, { authorization: `Bearer ${key}x` }]) {
      const refused = await client.text('/predict', REVIEW, headers as never);
      expect(refused).toMatchObject({
        status: 401,
        json: {
          statusCode: 401,
          message:
            'This service needs an API key; send it as "Authorization: Bearer KEY" or "x-api-key: KEY".',
          error: 'Unauthorized',
        },
      });
      expect(refused.headers.get('www-authenticate')).toBe('Bearer');
    }
    expect((await client.send('POST', '/livez')).status).toBe(401);
    expect((await client.text('/predict', REVIEW, { 'x-api-key': key })).status).toBe(200);
    // Browsers ask without it.
    const asked = await client.send('OPTIONS', '/predict', undefined, '', {
      origin: 'https://app.example.com',
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'x-api-key',
    });
    expect([asked.status, asked.headers.get('access-control-allow-origin')]).toEqual([
      204,
      'https://app.example.com',
    ]);
    expect(await served.end()).toBe(0);
  });

  it('accepts a one-word key as a bearer token, and allows all origins', async () => {
    const served = await serve([TEXT, '--api-key', 's3cret', '--cors']);
    const headers = { authorization: 'Bearer s3cret', origin: 'https://any.example.com' };
    const answer = await served.client.text('/predict', REVIEW, headers);
    expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([200, '*']);
    expect(await names(served, headers)).toEqual(['legacy_stream']);
    const document = await served.client.get('/docs-json', headers);
    expect(document.json).toMatchObject({ security: [{ key: [] }] });
    await served.end();
  });

  it('logs in JSON, and serves no page', async () => {
    const served = await serve([TEXT, '--log-format', 'json', '--no-page']);
    expect((await served.client.get('/')).status).toBe(404);
    expect((await served.client.get('/api/models')).status).toBe(404);
    expect((await served.client.text('/predict', REVIEW)).status).toBe(200);
    await served.end();
    const lines = served
      .said()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
    expect(lines).toContainEqual(
      expect.objectContaining({
        context: 'VtsServe',
        message: expect.objectContaining({ predict: `${served.url}/predict` }),
      }),
    );
    expect(lines).toContainEqual(
      expect.objectContaining({
        context: 'VtsAccess',
        message: expect.objectContaining({ method: 'POST', path: '/predict', status: 200 }),
      }),
    );
  });

  it.skipIf(process.platform !== 'linux')(
    'opens the browser, or says that it did not',
    async () => {
      const bin = join(folder, 'bin');
      await mkdir(bin);
      const opened = join(folder, 'opened.txt');
      await writeFile(join(bin, 'xdg-open'), `#!/bin/sh\necho "$@" > ${opened}\n`);
      await chmod(join(bin, 'xdg-open'), 0o755);
      const served = await serve([TEXT, '--open'], { env: { PATH: `${bin}:/usr/bin:/bin` } });
      await expect.poll(() => readFile(opened, 'utf8').catch(() => '')).toBe(`${served.url}/\n`);
      await served.end();
      const none = await serve([TEXT, '--open'], { env: { PATH: join(folder, 'none') } });
      await expect.poll(none.said).toContain('vts: warning: No browser was opened');
      expect((await none.client.get('/livez')).status).toBe(200);
      await none.end();
    },
  );

  it.each([
    ['no file', ['none/export.pkl'], 'no file|No file'],
    ['a file that is no learner', ['package.json'], 'package.json'],
    ['weights', ['test/fixtures/refused/weights.pkl'], 'saved with learner.save'],
    ['an empty key', [TEXT, '--api-key', ' '], 'The API key is empty'],
    ['what is no origin', [TEXT, '--cors', 'app.example.com'], 'is not an origin'],
    ['--open without a page', [TEXT, '--open', '--no-page'], '--open is for the page'],
    ['a watched file', [TEXT, '--watch'], '--watch follows the versions of a store'],
    ['samples that are none', [TEXT, '--samples', 'lib'], 'no image or text in lib'],
  ])('refuses %s in a line', async (_name, args, message) => {
    const stderr = await failure(...args);
    expect(stderr).toMatch(new RegExp(message));
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(await leftovers()).toEqual([]);
  });
});
