import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { INestApplication } from '@nestjs/common';
import { VtsGrpcServer, VtsModule } from 'nestjs-vts';
import { InferenceClient, InferenceError } from 'nestjs-vts/client';
import { Learner } from 'nestjs-vts/learner';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MODELS_HOME } from './helpers/models-home.js';
import { LISTS_SCRIPTS, run } from './helpers/run-program.js';
import { startApp } from './helpers/testing-app.js';

const root = fileURLToPath(new URL('../', import.meta.url));
const MODEL = 'fastai_sentiment';
const TEXTS = ['I really liked that movie!', 'So dull.', 'é🙂', ''];

describe('nestjs-vts/client', () => {
  it('loads neither Nest nor native code nor gRPC, and gRPC with its first call', async () => {
    const facts = await run<Record<'first' | 'rest' | 'grpc', string[]>>(
      root,
      `${LISTS_SCRIPTS}
      const { InferenceClient } = await import('nestjs-vts/client');
      const first = [...scripts];
      await new InferenceClient('http://127.0.0.1:1').serverLive().catch(() => 0);
      const rest = [...scripts];
      await new InferenceClient('grpc://127.0.0.1:1').serverLive({ timeoutMs: 100 }).catch(() => 0);
      console.log(JSON.stringify({ first, rest, grpc: [...scripts] }));`,
    );
    const packages = (urls: string[]): string[] =>
      urls.filter((url) => url.includes('/node_modules/') || /\/(vendor|nest|serving)\//.test(url));
    expect(packages(facts.first)).toEqual([]);
    expect(packages(facts.rest)).toEqual([]);
    expect(packages(facts.grpc)).toContainEqual(expect.stringContaining('grpc'));
    expect(facts.grpc.filter((url) => /@nestjs|onnxruntime/.test(url))).toEqual([]);
  });

  it('has the errors of the whole package', async () => {
    const same = await run<Record<string, boolean>>(
      root,
      `const all = await import('nestjs-vts');
      const client = await import('nestjs-vts/client');
      const errors = Object.keys(client).filter((name) => name.endsWith('Error'));
      console.log(JSON.stringify(
        Object.fromEntries(errors.map((name) => [name, client[name] === all[name]]))));`,
    );
    expect(same).toMatchObject({ InferenceError: true, InferenceClientOptionError: true });
    expect(Object.values(same)).not.toContain(false);
  });

  it('has a build for browsers that imports nothing, with the same names', async () => {
    const file = new URL('../dist/lib/client/browser.js', import.meta.url);
    const code = await readFile(file, 'utf8');
    expect(code).not.toMatch(/^import\b|\bimport\(|\brequire\(|\bnode:/m);
    const browser = (await import(file.href)) as typeof import('nestjs-vts/client');
    const own = await import('nestjs-vts/client');
    expect(Object.keys(browser).sort()).toEqual(Object.keys(own).sort());
    expect(new browser.InferenceError('', { status: 'INTERNAL', mayHaveRun: true }).code).toBe(
      'VTS_INFERENCE',
    );
    for (const [url, fact] of [
      ['grpc://host:8001', 'browsers do not support gRPC'],
      ['http+unix:/run/vts.sock', 'cannot open Unix sockets'],
    ] as const) {
      await expect(new browser.InferenceClient(url).serverLive()).rejects.toThrow(fact);
    }
  });
});

describe('A client of an application', () => {
  let app: INestApplication;
  let learner: Learner<string, string>;
  let clients: readonly InferenceClient[];

  beforeAll(async () => {
    app = await startApp({
      imports: [
        VtsModule.forRoot({
          home: MODELS_HOME,
          openInference: { models: [MODEL], grpc: { port: 0, host: '127.0.0.1' } },
        }),
      ],
    });
    const url = (await app.getUrl()).replace('[::1]', 'localhost');
    clients = [
      new InferenceClient(url, { binary: false }),
      new InferenceClient(url, { binary: true }),
      new InferenceClient(url),
      new InferenceClient(`grpc://127.0.0.1:${app.get(VtsGrpcServer).port}`),
    ];
    const { fastai, ModelStore } = await import('nestjs-vts');
    learner = await fastai.loadModel(MODEL, { store: new ModelStore(MODELS_HOME) });
  });
  afterAll(async () => {
    await Promise.all(clients.map((client) => client.close()));
    await app.close();
    await learner.release();
  });

  it('gets the learner’s result, bit for bit, over REST and gRPC', async () => {
    for (const client of clients) {
      const { inputs } = await client.modelMetadata(MODEL);
      const { name } = inputs[0]!;
      const result = await client.infer(MODEL, { [name]: TEXTS }, { id: 'an-id' });
      expect(result).toMatchObject({ modelName: MODEL, id: 'an-id' });
      const expected = await Promise.all(TEXTS.map((text) => learner.predict(text)));
      expect(result.strings('decoded')).toEqual(expected.map(([decoded]) => decoded));
      expect(result.tensor('probabilities').data).toEqual(
        Float32Array.from(expected.flatMap(([, , probs]) => [...(probs.data as Float32Array)])),
      );
    }
  });

  it('gets health, metadata, a configuration and statistics', async () => {
    for (const client of clients) {
      expect(await client.serverLive()).toBe(true);
      expect(await client.serverReady()).toBe(true);
      expect(await client.modelReady(MODEL)).toBe(true);
      expect((await client.serverMetadata()).extensions).toContain('binary_tensor_data');
      const { versions } = await client.modelMetadata(MODEL);
      expect(await client.modelReady({ name: MODEL, version: versions[0]! })).toBe(true);
      expect(await client.modelConfig(MODEL)).toMatchObject({ name: MODEL });
      const [statistics] = await client.statistics(MODEL);
      expect(statistics!.inferenceStats.success.count).toBeGreaterThan(0n);
    }
  });

  it('gets errors by the same names', async () => {
    for (const client of clients) {
      const failures = [
        ['nobody', { x: 'a' }, 'NOT_FOUND'],
        [MODEL, { nothing: 'a' }, 'INVALID_ARGUMENT'],
        [MODEL, { text: 1 }, 'INVALID_ARGUMENT'],
      ] as const;
      for (const [model, inputs, status] of failures) {
        const error: unknown = await client.infer(model, inputs).catch((reason: unknown) => reason);
        expect(error).toBeInstanceOf(InferenceError);
        expect(error).toMatchObject({ status });
      }
    }
  });
});
