import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Controller, type INestApplication, type Type } from '@nestjs/common';
import {
  fastai,
  ModelStore,
  NumpyNdarray,
  Runner,
  Text,
  VtsApi,
  VtsModule,
  type FastaiRunner,
  type Tensor,
} from 'nestjs-vts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HttpClient } from './helpers/http-client.js';
import { startApp } from './helpers/testing-app.js';
import { textLearners, type TextLearner } from './helpers/text-cases.js';

const SHARED = '../shared';

function controllerOf(tag: string): Type {
  @Controller()
  class LearnerController {
    constructor(@Runner(tag) private readonly runner: FastaiRunner<string>) {}

    @VtsApi({ input: Text, output: NumpyNdarray, route: tag })
    async probabilities(text: string): Promise<Tensor> {
      return (await this.runner.predict.asyncRun(text))[2];
    }
  }
  return LearnerController;
}

function expectClose(
  actual: readonly number[],
  { probs }: { probs: number[] },
  limit: number,
): void {
  expect(actual).toHaveLength(probs.length);
  actual.forEach((value, i) => {
    const scale = Math.max(1, Math.abs(probs[i]!));
    expect(Math.abs(value - probs[i]!) / scale).toBeLessThanOrEqual(limit);
  });
}

describe('Learners in a store, through runners and over HTTP', () => {
  const learners: TextLearner[] = [
    ...textLearners('test/fixtures/learners'),
    ...textLearners(join(SHARED, 'learners')),
  ];
  let home: string;
  let app: INestApplication;
  let client: HttpClient;

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'vts-learners-'));
    const store = new ModelStore(home);
    for (const { name, file } of learners) await fastai.saveModel(name, file, { store });
    app = await startApp({
      imports: [VtsModule.forRoot({ home })],
      controllers: learners.map(({ name }) => controllerOf(name)),
    });
    client = await HttpClient.of(app);
  }, 120_000);
  afterAll(async () => {
    await app.close();
    await rm(home, { recursive: true });
  });

  it.each(learners)('$name over HTTP', async ({ name, cases, tolerance }) => {
    for (const expected of cases) {
      const { status, json } = await client.text(`/${name}`, expected.input);
      expect(status).toBe(200);
      expectClose(json as number[], expected, tolerance);
    }
  });

  it.each(learners)('$name through a runner', async ({ name, cases, tolerance }) => {
    const model = await fastai.get(name, { store: new ModelStore(home) });
    const runner = model.toRunner() as FastaiRunner<string>;
    try {
      const results = await Promise.all(cases.map(({ input }) => runner.predict.run(input)));
      results.forEach(([decoded, target, probs], row) => {
        const expected = cases[row]!;
        expectClose([...(probs.data as Float32Array)], expected, tolerance);
        if (typeof expected.decoded === 'string') expect(decoded).toBe(expected.decoded);
        if (typeof expected.pred === 'number') {
          expect(Number((target.data as BigInt64Array)[0])).toBe(expected.pred);
        }
      });
    } finally {
      await runner.close();
    }
  });

  it('serves a BentoML home unchanged', async () => {
    const bento = await startApp({
      imports: [VtsModule.forRoot({ home: 'test/fixtures/bentoml' })],
      controllers: [controllerOf('fastai_sentiment:latest')],
    });
    try {
      // The learner that BentoML was given.
      const { cases } = learners.find(({ name }) => name === 'base_tokenizer')!;
      const http = await HttpClient.of(bento);
      for (const expected of cases.slice(0, 5)) {
        const { json } = await http.text('/fastai_sentiment:latest', expected.input);
        expectClose(json as number[], expected, 1e-4);
      }
    } finally {
      await bento.close();
    }
  });
});

describe('A learner whose expression backtracks forever', () => {
  let home: string;
  let app: INestApplication;
  let client: HttpClient;

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'vts-backtracking-'));
    const store = new ModelStore(home);
    await fastai.saveModel('backtracking', 'test/fixtures/refused/backtracking.pkl', { store });
    app = await startApp({
      imports: [
        VtsModule.forRoot({
          home,
          runners: { backtracking: { workers: 1, timeoutMs: 500, stuckMs: 200 } },
        }),
      ],
      controllers: [controllerOf('backtracking')],
    });
    client = await HttpClient.of(app);
  }, 60_000);
  afterAll(async () => {
    await app.close();
    await rm(home, { recursive: true });
  });

  it('answers 504, replaces the worker, and keeps serving', async () => {
    expect((await client.text('/backtracking', 'a good plot')).status).toBe(200);
    const stuck = await client.text('/backtracking', 'a'.repeat(60));
    expect(stuck).toMatchObject({ status: 504, json: { error: 'Gateway Timeout' } });
    await expect
      .poll(async () => (await client.text('/backtracking', 'a good plot')).status, {
        timeout: 25_000,
      })
      .toBe(200);
    const { json } = await client.get('/healthz');
    expect(json).toMatchObject({ info: { 'backtracking:latest': { restarts: 1 } } });
  });
});

describe('A store that lacks the model', () => {
  it('fails the start, and lists the existing models', async () => {
    const home = await mkdtemp(join(tmpdir(), 'vts-lacking-'));
    await cp('sample/01-fastai-sentiment/models-home', home, { recursive: true });
    const starting = startApp({
      imports: [VtsModule.forRoot({ home })],
      controllers: [controllerOf('another')],
    });
    await expect(starting).rejects.toThrow(/another.*fastai_sentiment/s);
    await rm(home, { recursive: true });
  });
});
