import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Controller, type INestApplication } from '@nestjs/common';
import {
  getRunnerToken,
  InputError,
  ModelStore,
  NumpyNdarray,
  RemoteMethodError,
  remoteRunner,
  Runner,
  Tensor,
  Text,
  VtsApi,
  VtsModule,
  type DecodedRow,
  type FastaiRunner,
  type LanguageModelRunner,
  type PytorchRunner,
  type RemoteOptions,
  type RunnerHandle,
  type RunnerOf,
} from 'nestjs-vts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Doubler } from './fixtures/runnables/doubler.mjs';
import { HttpClient } from './helpers/http-client.js';
import { freePort } from '../bench/load/free-port.js';
import { startModels, type ModelsApp } from './helpers/models-app.js';
import { saveKinds } from './helpers/served-kinds.js';
import { startApp } from './helpers/testing-app.js';

const KINDS = ['text', 'labels', 'picture', 'mask', 'rows', 'words', 'layer'] as const;
const picture = fileURLToPath(new URL('./fixtures/vision/images/q90.jpg', import.meta.url));

let folder: string;
let store: ModelStore;
let http: number;
let grpc: number;
let first: ModelsApp;
let second: ModelsApp;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vts-remote-'));
  store = new ModelStore(folder);
  await saveKinds(store, KINDS);
  [http, grpc] = [await freePort(), await freePort()];
  const models = KINDS.map((name) => `${name}:latest`);
  const setup = { home: folder, models };
  [first, second] = await Promise.all([
    startModels({ ...setup, http, grpc }),
    startModels({ ...setup, http: `${folder}/http.sock`, grpc: `${folder}/grpc.sock` }),
  ]);
}, 120_000);

afterAll(async () => {
  await Promise.all([first?.stop(), second?.stop()]);
  await rm(folder, { recursive: true });
});

async function opened<R extends RunnerHandle>(
  name: string,
  remote: string | RemoteOptions,
): Promise<R> {
  const runner = remoteRunner<R>(name, { remote });
  await runner.open();
  expect(runner.ready).toBe(true);
  return runner;
}

describe.each([
  ['gRPC', () => `grpc://127.0.0.1:${grpc}`],
  ['REST', () => `http://127.0.0.1:${http}`],
  ['gRPC over a Unix socket', () => `unix:${folder}/grpc.sock`],
  ['REST over a Unix socket', () => `http+unix:${folder}/http.sock`],
])('A remote runner over %s', (_name, url) => {
  const items = async (name: string): Promise<readonly unknown[]> => {
    if (name === 'text' || name === 'labels') return ['I really liked it', 'awful, awful', ''];
    if (name === 'rows') {
      const { columns } = await describedBy<FastaiRunner>(name);
      const row = columns!.columns.map(({ name: column, example }) => [column, example] as const);
      return [Object.fromEntries(row)];
    }
    return [await readFile(picture)];
  };
  const describedBy = async <R extends FastaiRunner>(name: string) => {
    const runner = await opened<R>(name, url());
    const { description } = runner;
    await runner.close();
    return description;
  };

  it.each(['text', 'labels', 'picture', 'mask', 'rows'])(
    'returns the triple of %s',
    async (name) => {
      const remote = await opened<FastaiRunner>(name, url());
      const local = (await store.get(name)).toRunner() as FastaiRunner;
      await local.open();
      expect(remote.description).toEqual(local.description);
      expect(remote.vocab).toEqual(local.vocab);
      expect(remote.schema).toEqual(local.schema);
      for (const item of await items(name)) {
        expect(await remote.predict.run(item)).toStrictEqual(await local.predict.run(item));
        const [there] = await remote.getPreds.run([item, item]);
        expect(there).toStrictEqual((await local.getPreds.run([item, item]))[0]);
      }
      const wrong = name === 'text' || name === 'labels' ? 5 : 'no file';
      await expect(remote.predict.run(wrong)).rejects.toBeInstanceOf(InputError);
      const [item] = await items(name);
      expect(await remote.show.run(item)).toStrictEqual(await local.show.run(item));
      const reasons = await local.explain.run(item).catch((error: unknown) => error as Error);
      const far = remote.explain.run(item);
      if (reasons instanceof Error) await expect(far).rejects.toBeInstanceOf(InputError);
      else expect(await far).toStrictEqual(reasons);
      if (name === 'rows') {
        const [row] = (await local.predict.run(item)) as [DecodedRow, Tensor, Tensor];
        expect(await remote.decodeRow.run(row)).toStrictEqual(await local.decodeRow.run(row));
      }
      await Promise.all([remote.close(), local.close()]);
    },
  );

  it('continues texts', async () => {
    const remote = await opened<LanguageModelRunner>('words', url());
    const local = (await store.get('words')).toRunner() as LanguageModelRunner;
    await local.open();
    const options = { nWords: 12, seed: 3, temperature: 0.7 };
    expect(remote.kind).toBe('lm');
    expect(await remote.predict.run('I really', options)).toBe(
      await local.predict.run('I really', options),
    );
    const wordsOf = async (runner: LanguageModelRunner): Promise<string[]> => {
      const words: string[] = [];
      for await (const word of runner.predictStream('I really', options)) words.push(word);
      return words;
    };
    const words = await wordsOf(local);
    expect(words.length).toBeGreaterThan(5);
    expect(await wordsOf(remote)).toEqual(words);
    const texts = ['I really', ''];
    expect(await remote.getPreds.run(texts)).toStrictEqual(await local.getPreds.run(texts));
    expect(await remote.show.run('I really')).toStrictEqual(await local.show.run('I really'));
    expect(() => remote.predictStream('x', { nWords: 1.5 })).toThrow('nWords');
    for await (const word of remote.predictStream('I really', { ...options, nWords: 500 })) {
      expect(word).toBe(words[0]);
      break;
    }
    await expect(remote.predict.run('x', { decoder: (tokens) => tokens })).rejects.toThrow(
      'decoder is a function',
    );
    await Promise.all([remote.close(), local.close()]);
  });

  it('runs a model of the PyTorch layer', async () => {
    const remote = await opened<PytorchRunner>('layer', url());
    const local = (await store.get('layer')).toRunner() as PytorchRunner;
    await local.open();
    expect(remote.inputs).toEqual(local.inputs);
    const width = local.inputs[0]!.shape.at(-1)!;
    const rows = [0, 1].map((row) => Array.from({ length: width }, (_, at) => row + at / 7));
    expect(await remote.run(rows)).toStrictEqual(await local.run(rows));
    await expect(remote.run([[1]])).rejects.toThrow(
      await local.run([[1]]).catch((error: unknown) => (error as Error).message),
    );
    await Promise.all([remote.close(), local.close()]);
  });

  it('runs a custom runnable', async () => {
    const app = await startApp({
      imports: [
        VtsModule.forRoot({
          home: folder,
          runnables: [Doubler],
          runners: { doubler: { remote: url() } },
        }),
      ],
    });
    const runner = app.get<RunnerOf<Doubler>>(getRunnerToken(Doubler));
    expect(await runner.double.run({ numbers: [1, NaN, -0] })).toEqual({ doubled: [2, NaN, -0] });
    expect([first.child.pid, second.child.pid]).toContain(await runner.where.run());
    const values: number[] = [];
    const counted = (async () => {
      for await (const value of runner.count.run(3)) values.push(value);
    })();
    // The protocol has no stream of tensors over REST.
    if (url().startsWith('http')) await expect(counted).rejects.toBeInstanceOf(RemoteMethodError);
    else await counted;
    expect(values).toEqual(url().startsWith('http') ? [] : [0, 1, 2]);
    await app.close();
  });
});

describe('An application with remote runners', () => {
  @Controller()
  class RemoteController {
    constructor(@Runner('text') private readonly text: FastaiRunner<string>) {}

    @VtsApi({ input: Text, output: NumpyNdarray })
    async classify(text: string): Promise<Tensor> {
      return (await this.text.predict.run(text))[2];
    }
  }

  const start = (remote: RemoteOptions | string): Promise<INestApplication> =>
    startApp({
      imports: [VtsModule.forRoot({ home: `${folder}/none`, runners: { text: { remote } } })],
      controllers: [RemoteController],
    });

  it('needs no model, is ready when a server is, and answers what the server says', async () => {
    const port = await freePort();
    const app = await start({ url: `grpc://127.0.0.1:${port}`, waitMs: 100 });
    const client = new HttpClient(await app.getUrl());
    const post = (text: string) => client.post('/classify', 'text/plain', text);
    expect((await client.get('/readyz')).status).toBe(503);
    expect((await client.get('/livez')).status).toBe(200);
    const refused = await post('I liked it');
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
    const server = await startModels({ home: folder, models: ['text:latest'], grpc: port });
    await expect
      .poll(async () => (await client.get('/readyz')).status, { timeout: 20_000 })
      .toBe(200);
    const answer = await post('I liked it');
    expect(answer.status).toBe(200);
    const local = (await store.get('text')).toRunner() as FastaiRunner<string>;
    const [, , probabilities] = await local.predict.run('I liked it');
    expect(JSON.parse(answer.text)).toEqual([...(probabilities.data as Float32Array)].map(Number));
    const metrics = (await client.get('/metrics')).text;
    expect(metrics).toMatch(/vts_runner_remote_requests_total\{.*status="OK"\} 1\n/);
    expect(metrics).toMatch(/vts_runner_ready\{runner="text:latest"\} 1\n/);
    await server.stop();
    await expect
      .poll(async () => (await client.get('/readyz')).status, { timeout: 20_000 })
      .toBe(503);
    await Promise.all([app.close(), local.close()]);
  });

  it('refuses options of a model that runs here', async () => {
    expect(() =>
      VtsModule.forRoot({ runners: { text: { remote: 'grpc://a:1', workers: 2 } } }),
    ).not.toThrow();
    await expect(
      startApp({
        imports: [VtsModule.forRoot({ runners: { text: { remote: 'grpc://a:1', workers: 2 } } })],
      }),
    ).rejects.toThrow('workers is for a model that runs in this process');
  });
});

describe('Rows of several applications', () => {
  it('meet in the runs of one process over a Unix socket', async () => {
    const options = { batching: { maxBatchSize: 64 } };
    const socket = `${folder}/batches.sock`;
    const { pytorch } = await import('nestjs-vts');
    await pytorch.saveModel(
      'batched',
      fileURLToPath(new URL('./fixtures/pytorch/mlp.pt', import.meta.url)),
      {
        store,
        signatures: { __call__: { batchable: true } },
      },
    );
    const web = await freePort();
    const server = await startModels({
      home: folder,
      models: ['batched:latest'],
      grpc: socket,
      http: web,
      options: { runners: { batched: { workers: 1, ...options } } },
    });
    const program = fileURLToPath(new URL('./fixtures/runner/remote-rows.mjs', import.meta.url));
    const run = (): Promise<{ stdout: string }> =>
      promisify(execFile)(process.execPath, [program, `unix:${socket}`, 'batched', '400']);
    const sent = await Promise.all([run(), run()]);
    expect(sent.map(({ stdout }) => stdout.trim())).toEqual(['400', '400']);
    const client = new HttpClient(`http://127.0.0.1:${web}`);
    const metrics = (await client.get('/metrics')).text;
    const of = (name: string): number =>
      Number(new RegExp(`^${name}\\{[^}]*\\} (\\d+)$`, 'm').exec(metrics)?.[1]);
    expect(of('vts_runner_batch_size_sum')).toBe(800);
    // Each program has one row under way at a time: where two are in a run, they are of both.
    expect(of('vts_runner_batch_calls_sum')).toBeGreaterThan(of('vts_runner_batch_calls_count'));
    await server.stop();
  }, 60_000);
});

describe('Two processes with a model, under load', () => {
  const chaos = fileURLToPath(new URL('./chaos/remote-runners.mjs', import.meta.url));

  it.each([
    ['killed', '--kill'],
    ['replaced', '--replace'],
  ])(
    'lose no request when they are %s',
    async (_name, how) => {
      const { stdout } = await promisify(execFile)(process.execPath, [
        chaos,
        how,
        '--seconds',
        '6',
      ]);
      expect(stdout).toMatch(/none was lost/);
    },
    120_000,
  );
});
