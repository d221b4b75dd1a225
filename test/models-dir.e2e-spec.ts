import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, copyFile, cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fastai, ModelStore } from 'nestjs-vts';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { HttpClient } from './helpers/http-client.js';
import { startVts, vts } from './helpers/vts.js';

const TEXT = 'test/fixtures/learners/legacy_stream/export.pkl';
const REVIEW = 'I really liked that movie!';

let folder: string;
let store: ModelStore;
const running = new Set<ChildProcess>();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vts-models-dir-test-'));
  await mkdir(join(folder, 'tmp'));
  store = new ModelStore(join(folder, 'home'));
  await fastai.saveModel('reviews:v1', TEXT, { store });
  await fastai.saveModel('reviews:v2', TEXT, { store });
});
afterEach(() => {
  for (const child of running) child.kill('SIGKILL');
});
afterAll(() => rm(folder, { recursive: true }));

interface Served {
  readonly client: HttpClient;
  said(): string;
  end(): Promise<number | null>;
}

async function serve(...args: string[]): Promise<Served> {
  const given = ['serve', ...args, '--port', '0', '--host', '127.0.0.1', '--no-page'];
  const child = startVts(given, { env: { TMPDIR: join(folder, 'tmp') } });
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
    said: () => said,
    end: () => {
      child.kill('SIGTERM');
      return ended;
    },
  };
}

async function models({ client }: Served): Promise<string[]> {
  const { json } = await client.get('/v2/models');
  return (json as { models: string[] }).models.toSorted();
}

describe('vts serve --models-dir', () => {
  it('serves all kinds of models at once, from a folder that it does not write to', async () => {
    const dir = join(folder, 'mnt');
    await mkdir(join(dir, 'hub'), { recursive: true });
    await copyFile(TEXT, join(dir, 'hub', 'model.pkl'));
    await mkdir(join(dir, 'bears'));
    await copyFile(TEXT, join(dir, 'bears', 'model.fastai'));
    const flavor = 'flavors:\n  fastai:\n    data: model.fastai\n';
    await writeFile(join(dir, 'bears', 'MLmodel'), flavor);
    await copyFile('test/fixtures/pytorch/mlp.pt', join(dir, 'layer.pt'));
    await fastai.saveModel('packed:v7', TEXT, { store });
    await store.export('packed:v7', join(dir, 'any.bentomodel'));
    await store.delete('packed:v7');
    await cp(store.path, join(dir, 'models'), { recursive: true });
    const before = (await readdir(dir, { recursive: true })).toSorted();
    for (const name of before) await chmod(join(dir, name), 0o555);
    await chmod(dir, 0o555);

    const served = await serve('--models-dir', dir, '--model-name', 'ignored');
    expect(served.said()).toContain(
      '--model-name ignored names one model, but there are 5, so they keep their names',
    );
    expect(await models(served)).toEqual(['bears', 'hub', 'layer', 'packed', 'reviews']);
    for (const name of ['bears', 'hub', 'packed', 'reviews']) {
      const answer = await served.client.text(`/models/${name}/predict`, REVIEW);
      expect(answer).toMatchObject({ status: 200, json: { prediction: 'pos' } });
    }
    const versions = ['bears', 'packed', 'reviews'].map(async (name) => {
      const { json } = await served.client.get(`/v2/models/${name}`);
      return (json as { versions: string[] }).versions;
    });
    // The newest of a store, that of an archive, and 1 for a file, so that all pods tell the same.
    expect(await Promise.all(versions)).toEqual([['1'], ['v7'], ['v2']]);
    expect(await served.end()).toBe(0);
    expect((await readdir(dir, { recursive: true })).toSorted()).toEqual(before);
    const left = await readdir(join(folder, 'tmp'));
    expect(left.filter((name) => name.startsWith('vts-'))).toEqual([]);
    for (const name of ['', ...before]) await chmod(join(dir, name), 0o755);
  }, 90_000);

  it('names a single model of any kind', async () => {
    for (const dir of [join(store.path, 'reviews'), join(store.path, 'reviews', 'v1')]) {
      const served = await serve('--models-dir', dir, '--model-name', 'pets');
      expect(await models(served)).toEqual(['pets']);
      expect((await served.client.text('/predict', REVIEW)).status).toBe(200);
      expect(await served.end()).toBe(0);
    }
    const served = await serve(TEXT, '--model-name', 'pets');
    expect(await models(served)).toEqual(['pets']);
    expect(await served.end()).toBe(0);
  }, 90_000);

  it.each([
    [[], 'No model is given'],
    [[TEXT, '--models-dir', '.'], `--models-dir and ${TEXT} are both given`],
    [['--models-dir', '.', '--watch'], '--watch follows the versions of a store'],
    [['--models-dir', 'test/fixtures/none'], 'No folder at test/fixtures/none'],
    [['--models-dir', 'docs/screenshots'], 'screenshots has no model: it has swagger-ui'],
    [[TEXT, TEXT, '--model-name', 'a'], '--model-name names one model, but 2 are given'],
    [[TEXT, '--model-name', 'A b'], '--model-name is "A b"'],
    [['STORE', '--model-name', 'a', '--watch'], '--watch follows the versions of a name'],
    [
      ['--models-dir', 'MODELS', '--tokenizer', 'a'],
      '--tokenizer works only with files, but reviews:v2 is',
    ],
  ])('refuses %j', async (given, message) => {
    const args = given.map((arg) =>
      arg === 'MODELS' ? store.path : arg.replace('STORE', 'reviews'),
    );
    const { code, stderr } = await vts(['serve', ...args], { home: store.home });
    expect([code, stderr]).toEqual([1, expect.stringContaining(message)]);
  });
});
