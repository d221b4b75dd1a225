import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Controller, type INestApplication } from '@nestjs/common';
import {
  BatchInputError,
  getRunnerToken,
  InputError,
  Learner,
  ModelStore,
  NumpyNdarray,
  pytorch,
  Runner,
  RunnerOverloadedError,
  Tensor,
  VtsApi,
  VtsModule,
  type PytorchRunner,
  type RunnerOptions,
} from 'nestjs-vts';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openLoop } from '../bench/load/loops.js';
import { HttpClient } from './helpers/http-client.js';
import { MODELS_HOME } from './helpers/models-home.js';
import { startApp } from './helpers/testing-app.js';

const ids = new NumpyNdarray({ dtype: 'int64', shape: [-1, -1] });

@Controller()
class BatchingController {
  constructor(
    @Runner('text:batched') private readonly text: PytorchRunner,
    @Runner('mlp:batched') private readonly mlp: PytorchRunner,
  ) {}

  @VtsApi({ input: ids, output: NumpyNdarray })
  async logits(item: Tensor): Promise<Tensor> {
    return this.text.run(item);
  }

  @VtsApi({ input: new NumpyNdarray({ dtype: 'float32' }), output: NumpyNdarray })
  async numbers(item: Tensor): Promise<Tensor> {
    return this.mlp.run(item);
  }
}

/** Numbers that look random and are the same in each run. */
function* numbers(seed = 1): Generator<number, never> {
  for (let state = seed; ;) {
    state = (state * 48271) % 2147483647;
    yield state / 2147483647;
  }
}

const random = numbers();
const upTo = (most: number): number => Math.floor(random.next().value * most);

function text(rows: number, width: number): Tensor {
  const data = BigInt64Array.from({ length: rows * width }, () => BigInt(10 + upTo(150)));
  return new Tensor('int64', data, [rows, width]);
}

function floats(...dims: number[]): Tensor {
  const length = dims.reduce((product, size) => product * size, 1);
  return new Tensor(
    'float32',
    Float32Array.from({ length }, () => random.next().value * 2 - 1),
    dims,
  );
}

describe('Batching', () => {
  let home: string;
  let store: ModelStore;
  const runners: PytorchRunner[] = [];

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'vts-batching-'));
    store = new ModelStore(home);
    const saved = await new ModelStore(MODELS_HOME).get('fastai_sentiment:latest');
    const learner = await Learner.load(saved.pathOf('saved_model.pkl'));
    const fixture = (name: string): string => `test/fixtures/pytorch/${name}.pt`;
    const sources = {
      text: learner.model,
      mlp: fixture('mlp'),
      resnet: fixture('resnet'),
      embedding: fixture('embedding'),
    };
    for (const [name, source] of Object.entries(sources)) {
      for (const [version, batchable] of [
        ['batched', true],
        ['alone', false],
      ] as const) {
        const signatures = { __call__: { batchable } };
        await pytorch.saveModel(`${name}:${version}`, source, { store, signatures });
      }
    }
    await learner.release();
  }, 60_000);
  afterAll(() => rm(home, { recursive: true }));
  afterEach(async () => {
    await Promise.all(runners.splice(0).map((runner) => runner.close()));
  });

  async function open(tag: string, options: RunnerOptions = {}): Promise<PytorchRunner> {
    const runner = (await pytorch.get(tag, { store })).toRunner({ workers: 1, ...options });
    runners.push(runner);
    await runner.open();
    return runner;
  }

  /** Runs the items with so many callers at a time. */
  async function runAll(
    runner: PytorchRunner,
    items: readonly Tensor[],
    callers: number,
  ): Promise<Tensor[]> {
    const results: Tensor[] = [];
    let next = 0;
    const caller = async (): Promise<void> => {
      for (let index = next++; index < items.length; index = next++) {
        results[index] = await runner.run(items[index]!);
      }
    };
    await Promise.all(Array.from({ length: callers }, caller));
    return results;
  }

  function expectClose(actual: readonly Tensor[], expected: readonly Tensor[]): void {
    let worst = 0;
    for (const [index, tensor] of expected.entries()) {
      expect(actual[index]!.dims).toEqual(tensor.dims);
      const data = actual[index]!.data as Float32Array;
      (tensor.data as Float32Array).forEach((value, i) => {
        worst = Math.max(worst, Math.abs(value - data[i]!));
      });
    }
    expect(worst).toBeLessThanOrEqual(1e-5);
  }

  describe('returns the same as for a call alone', () => {
    const cases: [string, string, RunnerOptions, () => Tensor][] = [
      ['texts of one length', 'text', {}, () => text(1, 32)],
      ['texts of any length', 'text', {}, () => text(1, 1 + upTo(200))],
      ['several rows a call', 'text', {}, () => text(1 + upTo(3), 1 + upTo(20))],
      ['calls that are larger than a batch', 'text', small(4), () => text(1 + upTo(12), 8)],
      ['images of three sizes', 'resnet', {}, () => floats(1, 3, 32, 32 + 8 * upTo(3))],
      ['several workers', 'text', { workers: 2, threads: 1 }, () => text(1, 1 + upTo(80))],
      ['padded sequences', 'embedding', padded(), () => tokens(1 + upTo(2), 1 + upTo(9))],
    ];

    it.each(cases)('%s', async (_, model, options, makeItem) => {
      const items = Array.from({ length: model === 'resnet' ? 64 : 256 }, makeItem);
      const expected = await runAll(await open(`${model}:alone`), items, 1);
      const runner = await open(`${model}:batched`, options);
      for (const callers of [1, 8, 64, 256]) {
        // One at a time is slow, and all alike.
        const some = callers === 1 ? items.slice(0, 32) : items;
        expectClose(await runAll(runner, some, callers), expected.slice(0, some.length));
      }
      expect(runner.stats).toMatchObject({ queued: 0, running: 0, failed: 0, shed: 0 });
      expect(runner.stats.completed).toBe(32 + 3 * items.length);
    });

    function small(maxBatchSize: number): RunnerOptions {
      return { batching: { maxBatchSize, maxQueueSize: 10_000 } };
    }

    function padded(): RunnerOptions {
      return { batching: { padding: { value: 0, multipleOf: 4, dim: 1 } } };
    }

    function tokens(rows: number, width: number): Tensor {
      const data = BigInt64Array.from({ length: rows * width }, () => BigInt(upTo(5)));
      return new Tensor('int64', data, [rows, width]);
    }
  });

  describe('keeps to its limits', () => {
    it('refuses calls that do not fit into the queue, with Retry-After', async () => {
      const runner = await open('text:batched', {
        batching: { maxBatchSize: 1, maxQueueSize: 4 },
      });
      const calls = Array.from({ length: 40 }, () => runner.run(text(1, 400)));
      const ends = await Promise.allSettled(calls);
      const refused = ends.flatMap((end) => (end.status === 'rejected' ? [end.reason] : []));
      expect(refused.length).toBeGreaterThan(30);
      for (const error of refused) {
        expect(error).toBeInstanceOf(RunnerOverloadedError);
        expect((error as RunnerOverloadedError).retryAfterSeconds).toBeGreaterThanOrEqual(1);
      }
      expect(runner.stats).toMatchObject({ shed: refused.length, completed: 40 - refused.length });
      await runner.run(text(1, 4));
    });

    it('keeps serving under ten times the load, and serves as usual afterwards', async () => {
      const options = { batching: { maxLatencyMs: 400 } };
      const runner = await open('text:batched', options);
      const item = text(1, 256);
      const call = async () => {
        try {
          await runner.run(item);
          return 'answered';
        } catch (error) {
          if (!(error instanceof RunnerOverloadedError)) return 'other';
          return error.retryAfterSeconds >= 1 ? 'refused' : 'unadvised';
        }
      };
      const outcome = await openLoop(call, 8000, 4);
      expect(outcome).toMatchObject({ otherwise: 0, unadvised: 0 });
      expect(outcome.answered).toBeGreaterThan(0);
      expect(outcome.refused).toBeGreaterThan(0);
      expect(runner.stats).toMatchObject({ queued: 0, running: 0, restarts: 0 });
      expect(runner.stats.completed).toBe(outcome.answered);
      expect(await call()).toBe('answered');
    });

    it('refuses empty items, and none else of those that wait with them', async () => {
      const runner = await open('mlp:batched');
      const good = Array.from({ length: 8 }, () => runner.run(floats(1, 4)));
      const empty = runner.run(new Tensor('float32', new Float32Array(0), [0, 4]));
      await expect(empty).rejects.toThrow(InputError);
      expect((await Promise.all(good)).every(({ dims }) => dims[0] === 1)).toBe(true);
      expect(BatchInputError.prototype).toBeInstanceOf(InputError);
    });
  });

  describe('over HTTP', () => {
    let app: INestApplication;
    let http: HttpClient;

    beforeAll(async () => {
      const latency = { maxBatchSize: 2, maxQueueSize: 4 };
      app = await startApp({
        imports: [
          VtsModule.forRoot({
            home,
            runners: { 'text:batched': { workers: 1, batching: latency } },
          }),
        ],
        controllers: [BatchingController],
      });
      http = await HttpClient.of(app);
    });
    afterAll(() => app.close());

    it('answers 400 to the one of sixteen requests whose shape is wrong', async () => {
      const bodies = Array.from({ length: 16 }, (_, index) =>
        index === 6 ? [[1, 2]] : [[1, 2, 3, 4]],
      );
      const answers = await Promise.all(
        bodies.map((body) => http.json('/numbers', JSON.stringify(body))),
      );
      expect(answers.map(({ status }) => status)).toEqual(
        bodies.map((_, index) => (index === 6 ? 400 : 200)),
      );
      const good = answers.filter(({ status }) => status === 200);
      expect(new Set(good.map(({ text: body }) => body)).size).toBe(1);
    });

    it('answers 503 with Retry-After to requests that it cannot accept', async () => {
      const body = JSON.stringify([Array.from({ length: 2000 }, () => 20)]);
      const answers = await Promise.all(
        Array.from({ length: 40 }, () => http.json('/logits', body)),
      );
      const refused = answers.filter(({ status }) => status !== 200);
      expect(refused.length).toBeGreaterThan(0);
      expect(refused.length).toBeLessThan(40);
      for (const { status, headers, json } of refused) {
        expect(status).toBe(503);
        expect(Number(headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
        expect(json).toMatchObject({ statusCode: 503 });
      }
      expect((await http.json('/logits', '[[20, 21]]')).status).toBe(200);
    });

    it('frees the places of clients that leave', async () => {
      const runner = app.get<PytorchRunner>(getRunnerToken('text:batched'));
      const before = runner.stats.abandoned;
      const tokens = Array.from({ length: 40_000 }, () => 20);
      const controller = new AbortController();
      const gone = Array.from({ length: 3 }, () =>
        http
          .post(
            '/logits',
            'application/json',
            JSON.stringify([tokens, tokens]),
            {},
            controller.signal,
          )
          .then(
            ({ status }) => status,
            () => 'left',
          ),
      );
      // A run of these lasts some hundred milliseconds.
      const soon = { timeout: 20_000, interval: 5 };
      await expect.poll(() => runner.stats.running, soon).toBeGreaterThan(0);
      controller.abort();
      expect(await Promise.all(gone)).toContain('left');
      await expect.poll(() => runner.stats.abandoned, soon).toBeGreaterThan(before);
      await expect.poll(() => runner.stats.queued, soon).toBe(0);
      expect((await http.json('/logits', '[[20, 21]]')).status).toBe(200);
    });
  });
});
