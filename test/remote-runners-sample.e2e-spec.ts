import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { fastai, ModelStore, type Learner } from 'nestjs-vts';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { parse } from 'yaml';
import { freePort } from '../bench/load/free-port.js';
import { MODELS_HOME } from './helpers/models-home.js';

const root = fileURLToPath(new URL('../', import.meta.url));
const SAMPLE = 'sample/08-remote-runners';
const TEXTS = ['I really liked that movie!', 'So dull.', 'é🙂', 'good '.repeat(500)];

describe('The sample with runners on other machines', () => {
  const children: ChildProcess[] = [];
  let learner: Learner<string, string>;
  let runners: { readonly child: ChildProcess; readonly url: string; readonly port: number }[];
  let api: string;

  /** Starts a program of the sample; resolves when it is ready. */
  async function start(name: string, env: Record<string, string>): Promise<ChildProcess> {
    const child = spawn(process.execPath, [`dist/${SAMPLE}/src/${name}/main.js`], {
      cwd: root,
      env: { ...process.env, NO_COLOR: '1', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    children.push(child);
    let said = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => (said += chunk.toString()));
    }
    const isReady = async (): Promise<boolean> => {
      if (child.exitCode !== null) throw new Error(`${name} ended: ${said}`);
      return fetch(`http://127.0.0.1:${env['PORT']}/readyz`).then(
        ({ ok }) => ok,
        () => false,
      );
    };
    await vi.waitUntil(isReady, { timeout: 30_000, interval: 100 });
    return child;
  }

  async function startRunner(port: number): Promise<(typeof runners)[number]> {
    const env = {
      VTS_HOME: MODELS_HOME,
      PORT: String(await freePort()),
      GRPC_HOST: '127.0.0.1',
      GRPC_PORT: String(port),
    };
    return { child: await start('runner', env), url: `grpc://127.0.0.1:${port}`, port };
  }

  beforeAll(async () => {
    learner = await fastai.loadModel('fastai_sentiment', { store: new ModelStore(MODELS_HOME) });
    runners = [await startRunner(await freePort()), await startRunner(await freePort())];
    const port = await freePort();
    const urls = runners.map(({ url }) => url).join(',');
    // Nothing of a store: the API has no model.
    await start('api', { PORT: String(port), RUNNERS: urls, VTS_HOME: '/nowhere' });
    api = `http://127.0.0.1:${port}`;
  }, 120_000);
  afterAll(async () => {
    for (const child of children) child.kill('SIGKILL');
    await learner?.release();
  });

  const post = (path: string, body: string): Promise<Response> =>
    fetch(`${api}${path}`, { method: 'POST', headers: { 'content-type': 'text/plain' }, body });

  async function expectAnswers(): Promise<void> {
    for (const text of TEXTS) {
      const [decoded, , probs] = await learner.predict(text);
      const scores = await post('/classifyText', text);
      expect([scores.status, await scores.json()]).toEqual([
        200,
        [...(probs.data as Float32Array)],
      ]);
      expect(await (await post('/label', text)).text()).toBe(decoded);
    }
  }

  it('answers as the learner itself', expectAnswers);

  it('answers on when a runner is gone, says when all are, and again when one is back', async () => {
    const [first, second] = runners as [(typeof runners)[number], (typeof runners)[number]];
    first.child.kill('SIGKILL');
    await once(first.child, 'exit');
    await expectAnswers();
    second.child.kill('SIGTERM');
    expect((await once(second.child, 'exit'))[0]).toBe(0);
    expect((await post('/label', 'good')).status).toBe(503);
    await expect.poll(async () => (await fetch(`${api}/readyz`)).status).toBe(503);
    await startRunner(first.port);
    await expect
      .poll(async () => (await fetch(`${api}/readyz`)).status, { timeout: 30_000 })
      .toBe(200);
    await expectAnswers();
  }, 120_000);

  it('is deployed by files that name existing things', () => {
    const read = (file: string): string => readFileSync(`${root}${SAMPLE}/${file}`, 'utf8');
    const { services } = parse(read('docker-compose.yaml'), { merge: true }) as {
      services: Record<
        string,
        {
          command: string[];
          environment: Record<string, string>;
          build: { context: string; dockerfile: string };
          deploy?: { replicas: number };
        }
      >;
    };
    expect(Object.keys(services)).toEqual(['api', 'runner']);
    for (const { command, build } of Object.values(services)) {
      expect(existsSync(`${root}${command[1]}`)).toBe(true);
      expect(existsSync(`${root}${SAMPLE}/${build.context}/${build.dockerfile}`)).toBe(true);
    }
    expect(services['runner']?.deploy?.replicas).toBe(2);
    const { RUNNERS } = services['api']!.environment;
    expect(RUNNERS).toBe(`dns:///runner:${services['runner']!.environment['GRPC_PORT']}`);
    // What the images run must read, and nothing else, from the environment.
    const asked = ['api/app.module', 'runner/app.module', 'api/main', 'runner/main', 'home']
      .flatMap((file) => [...read(`src/${file}.ts`).matchAll(/process\.env\['(\w+)'\]/g)])
      .map(([, name]) => name);
    const given = Object.values(services).flatMap((one) => Object.keys(one.environment));
    expect(asked).toEqual(expect.arrayContaining([...new Set(given)]));
  });
});
