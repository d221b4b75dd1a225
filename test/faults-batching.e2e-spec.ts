import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Controller, type INestApplication } from '@nestjs/common';
import {
  fastai,
  getRunnerToken,
  InputError,
  Json,
  ModelStore,
  pytorch,
  Runnable,
  RunnableMethod,
  Runner,
  VtsApi,
  VtsModule,
  type PytorchRunner,
  type RunnerOf,
  type RunnerOptions,
  type Tensor,
} from 'nestjs-vts';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { HttpClient, type Answer } from './helpers/http-client.js';
import { MODELS_HOME } from './helpers/models-home.js';
import { startApp } from './helpers/testing-app.js';

// What BentoML 1.4 was seen to do wrong in its batching, each shown to be absent here. The names
// are of its faults.

class BadNumberError extends InputError {
  constructor() {
    super('A number is negative; send others.');
  }
}

/** Doubles numbers, when it is let. */
@Runnable({ name: 'doubler' })
class Doubler {
  /** The one of the application that was started last. */
  static last: Doubler;
  readonly batches: number[][] = [];
  #closed: Promise<void> | undefined;
  #open: () => void = () => undefined;

  constructor() {
    Doubler.last = this;
  }

  /** Runs wait from here on. */
  close(): void {
    this.#closed = new Promise((resolve) => (this.#open = resolve));
  }

  open(): void {
    this.#closed = undefined;
    this.#open();
  }

  @RunnableMethod({ batchable: true })
  async double(numbers: number[]): Promise<number[]> {
    this.batches.push(numbers);
    await this.#closed;
    if (numbers.some((number) => number < 0)) throw new BadNumberError();
    return numbers.map((number) => 2 * number);
  }
}

@Controller()
class DoublerController {
  constructor(@Runner(Doubler) private readonly doubler: RunnerOf<Doubler>) {}

  @VtsApi({ input: new Json(), output: new Json() })
  double(numbers: unknown): Promise<number[]> {
    return this.doubler.double.run(numbers as number[]);
  }
}

const apps: INestApplication[] = [];
afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.close()));
});

interface Started {
  readonly app: INestApplication;
  readonly client: HttpClient;
  readonly doubler: Doubler;
}

async function start(batching: RunnerOptions['batching']): Promise<Started> {
  const app = await startApp({
    imports: [
      VtsModule.forRoot({
        runnables: [Doubler],
        runners: { doubler: { batching: batching ?? {} } },
      }),
    ],
    controllers: [DoublerController],
  });
  apps.push(app);
  return { app, client: await HttpClient.of(app), doubler: Doubler.last };
}

const double = (client: HttpClient, ...numbers: number[]): Promise<Answer> =>
  client.json('/double', JSON.stringify(numbers));

/** Starts a call that runs until the doubler is opened. */
async function occupy({ client, doubler }: Started): Promise<{ first: Promise<Answer> }> {
  doubler.close();
  const first = double(client, 1);
  await expect.poll(() => doubler.batches.length).toBe(1);
  return { first };
}

/** Calls that wait, in the order in which they are given. */
async function queue({ app, client }: Started, ...items: number[][]): Promise<Promise<Answer>[]> {
  const runner = app.get<RunnerOf<Doubler>>(getRunnerToken(Doubler));
  const waiting: Promise<Answer>[] = [];
  for (const item of items) {
    const before = runner.stats.queued;
    waiting.push(double(client, ...item));
    await expect.poll(() => runner.stats.queued).toBe(before + 1);
  }
  return waiting;
}

const overloaded = { status: 503, json: { statusCode: 503, error: 'Service Unavailable' } };

async function metric(client: HttpClient, name: string): Promise<number> {
  const { text } = await client.get('/metrics');
  const lines = text.split('\n').filter((line) => line.startsWith(`${name}{`));
  return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}

describe('Adaptive batching does not have BentoML’s faults', () => {
  it('an oversized request does not block the method, and readiness is true', async () => {
    const { client, doubler } = await start({ maxBatchSize: 8 });
    const numbers = Array.from({ length: 12 }, (_, index) => index);
    expect((await double(client, ...numbers)).json).toEqual(numbers.map((number) => 2 * number));
    expect(doubler.batches.every((batch) => batch.length <= 8)).toBe(true);
    expect((await double(client, 1, 2)).json).toEqual([2, 4]);
    expect((await double(client, ...numbers, ...numbers)).status).toBe(200);
    expect((await client.get('/readyz')).status).toBe(200);
  });

  it('readiness answers 503 while every request is refused', async () => {
    const started = await start({ maxBatchSize: 1, maxQueueSize: 1 });
    const { first } = await occupy(started);
    const { client, doubler } = started;
    const waiting = await queue(started, [2]);
    // One of these may be handed to the worker ahead.
    const more = [double(client, 3), double(client, 4), double(client, 5)];
    await expect.poll(async () => (await client.get('/readyz')).status).toBe(503);
    doubler.open();
    await Promise.all([first, ...waiting, ...more]);
    await expect.poll(async () => (await client.get('/readyz')).status).toBe(200);
  });

  it('one bad item does not fail its batch', async () => {
    const started = await start({ maxBatchSize: 100 });
    const { first } = await occupy(started);
    const items = Array.from({ length: 16 }, (_, index) => [index % 4 === 3 ? -1 : index]);
    const waiting = await queue(started, ...items);
    started.doubler.open();
    expect((await first).status).toBe(200);
    const answers = await Promise.all(waiting);
    answers.forEach((answer, index) => {
      if (index % 4 === 3) {
        expect(answer).toMatchObject({
          status: 400,
          json: { message: 'A number is negative; send others.' },
        });
      } else expect(answer).toMatchObject({ status: 200, json: [2 * index] });
    });
    // They shared a run first.
    expect(Math.max(...started.doubler.batches.map(({ length }) => length))).toBeGreaterThan(4);
    // The next ones are served at once: nothing is held by the dead.
    expect((await double(started.client, 5)).json).toEqual([10]);
  });

  it('a batch can be larger than 16', async () => {
    const started = await start({ maxBatchSize: 100 });
    const { first } = await occupy(started);
    const waiting = await queue(started, ...Array.from({ length: 40 }, (_, index) => [index]));
    started.doubler.open();
    await first;
    const answers = await Promise.all(waiting);
    expect(answers.map(({ json }) => json)).toEqual(answers.map((_, index) => [2 * index]));
    expect(Math.max(...started.doubler.batches.map(({ length }) => length))).toBeGreaterThan(16);
  });

  it('the latency limit counts from the arrival of a request, and late answers are refused', async () => {
    const started = await start({ maxLatencyMs: 250 });
    const { first } = await occupy(started);
    const waiting = await queue(started, [2], [3]);
    // The limit is over while nothing was run: they are told so, while the first one still runs.
    for (const answer of await Promise.all(waiting)) {
      expect(answer).toMatchObject(overloaded);
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    }
    started.doubler.open();
    await first;
    expect(started.doubler.batches).toEqual([[1]]);
    expect((await double(started.client, 4)).json).toEqual([8]);
  });

  it('a call does not wait for others that cannot come', async () => {
    const { app, doubler } = await start({ maxBatchSize: 100, maxLatencyMs: 60_000 });
    const runner = app.get<RunnerOf<Doubler>>(getRunnerToken(Doubler));
    // With a clock that stands still, whoever waits for company waits for ever.
    vi.useFakeTimers({ toFake: ['setTimeout', 'setInterval'] });
    try {
      for (let call = 0; call < 5; call++)
        expect(await runner.double.run([call])).toEqual([2 * call]);
    } finally {
      vi.useRealTimers();
    }
    expect(doubler.batches).toEqual([[0], [1], [2], [3], [4]]);
  });

  it('the newest call is shed, and 503 says why and for how long', async () => {
    const started = await start({ maxBatchSize: 2, maxQueueSize: 2 });
    const { first } = await occupy(started);
    const { client, doubler } = started;
    const waiting = await queue(started, [2], [3]);
    const answers = await Promise.all(
      Array.from({ length: 6 }, async (_, index) => {
        const answer = double(client, 10 + index);
        // Those that are refused are answered now, the others when the doubler is open.
        return Promise.race([answer, new Promise((resolve) => setTimeout(resolve, 1000))]);
      }),
    );
    const refused = answers.filter((answer) => answer !== undefined) as Answer[];
    expect(refused.length).toBeGreaterThan(0);
    for (const answer of refused) {
      expect(answer).toMatchObject(overloaded);
      expect((answer.json as { message: string }).message).toMatch(/doubler.*try again in \d+ s/);
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    }
    doubler.open();
    await first;
    expect((await Promise.all(waiting)).map(({ json }) => json)).toEqual([[4], [6]]);
  });

  it('rows and calls are counted separately, in batches and in metrics', async () => {
    const started = await start({ maxBatchSize: 6 });
    const { first } = await occupy(started);
    const waiting = await queue(started, [1, 2, 3], [4, 5, 6], [7, 8, 9]);
    started.doubler.open();
    await first;
    expect((await Promise.all(waiting)).map(({ json }) => json)).toEqual([
      [2, 4, 6],
      [8, 10, 12],
      [14, 16, 18],
    ]);
    expect(started.doubler.batches.every((batch) => batch.length <= 6)).toBe(true);
    expect(await metric(started.client, 'vts_runner_batch_size_sum')).toBeGreaterThanOrEqual(10);
  });

  it('a maximal batch size of 1 works', async () => {
    const { client, doubler } = await start({ maxBatchSize: 1 });
    const answers = await Promise.all([1, 2, 3].map((number) => double(client, number)));
    expect(answers.map(({ json }) => json)).toEqual([[2], [4], [6]]);
    expect(doubler.batches.every((batch) => batch.length === 1)).toBe(true);
    expect((await client.get('/metrics')).status).toBe(200);
  });

  it.each(['"text"', '{"a":1}', '5', 'null'])('a bare value is refused: %s', async (value) => {
    const { client, doubler } = await start({});
    expect(await client.json('/double', value)).toMatchObject({ status: 400 });
    expect(doubler.batches).toEqual([]);
    expect((await double(client, 1)).json).toEqual([2]);
  });

  it('the work ends when its client disconnects', async () => {
    const started = await start({ maxBatchSize: 100 });
    const { first } = await occupy(started);
    const { app, client, doubler } = started;
    const runner = app.get<RunnerOf<Doubler>>(getRunnerToken(Doubler));
    const leaving = new AbortController();
    const left = client
      .post('/double', 'application/json', '[7]', {}, leaving.signal)
      .catch(() => 'left');
    await expect.poll(() => runner.stats.queued).toBe(1);
    const waiting = await queue(started, [8]);
    leaving.abort();
    expect(await left).toBe('left');
    await expect.poll(() => runner.stats.queued).toBe(1);
    doubler.open();
    await Promise.all([first, ...waiting]);
    expect(doubler.batches).toEqual([[1], [8]]);
  });
});

@Controller()
class LayerController {
  constructor(@Runner('layer') private readonly layer: PytorchRunner) {}

  @VtsApi({ input: new Json(), output: new Json() })
  logits(ids: unknown): Promise<Tensor> {
    return this.layer.run(ids as number[][]);
  }
}

describe('The PyTorch layer does not have BentoML’s faults', () => {
  let home: string;
  let app: INestApplication;
  let client: HttpClient;

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'vts-faults-'));
    const learner = await fastai.loadModel('fastai_sentiment', {
      store: new ModelStore(MODELS_HOME),
    });
    await pytorch.saveModel('layer', learner.model, {
      signatures: { __call__: { batchable: true } },
      store: new ModelStore(home),
    });
    await learner.release();
    app = await startApp({
      imports: [
        VtsModule.forRoot({
          home,
          runners: { layer: { workers: 1, batching: { maxBatchSize: 8 } } },
        }),
      ],
      controllers: [LayerController],
    });
    client = await HttpClient.of(app);
  });
  afterAll(async () => {
    await app.close();
    await rm(home, { recursive: true });
  });

  const logits = (ids: unknown): Promise<Answer> => client.json('/logits', JSON.stringify(ids));
  const row = (length: number): number[] => Array.from({ length }, (_, at) => 2 + (at % 40));

  function expectClose(answer: Answer | undefined, expected: unknown): void {
    expect(answer?.status).toBe(200);
    const [got, wanted] = [answer?.json, expected].map((all) => (all as number[][]).flat());
    expect(got).toHaveLength(wanted?.length ?? -1);
    wanted?.forEach((value, index) => expect(got?.[index]).toBeCloseTo(value, 4));
  }

  it('an oversized request does not block the method', async () => {
    const alone = (await logits([row(16)])).json as number[][];
    const many = await logits(Array.from({ length: 12 }, () => row(16)));
    expectClose(
      many,
      Array.from({ length: 12 }, () => alone[0]),
    );
    expectClose(await logits([row(16)]), alone);
    expect((await client.get('/readyz')).status).toBe(200);
  });

  it('one bad shape does not fail its batch', async () => {
    const alone = (await logits([row(16)])).json;
    const answers = await Promise.all(
      Array.from({ length: 16 }, (_, index) => logits(index % 4 === 3 ? [[[1, 2]]] : [row(16)])),
    );
    answers.forEach((answer, index) => {
      if (index % 4 === 3) {
        expect(answer).toMatchObject({ status: 400, json: { error: 'Bad Request' } });
      } else expectClose(answer, alone);
    });
    const next = await Promise.all(Array.from({ length: 20 }, () => logits([row(16)])));
    for (const answer of next) expectClose(answer, alone);
  });

  it('sequences of different lengths give the same results together as alone', async () => {
    const lengths = [3, 80, 16, 150, 72, 1, 40, 73];
    const alone: unknown[] = [];
    for (const length of lengths) alone.push((await logits([row(length)])).json);
    const together = await Promise.all(lengths.map((length) => logits([row(length)])));
    together.forEach((answer, index) => expectClose(answer, alone[index]));
  });

  it('ids stay integers', async () => {
    expect((await logits([[2, 9, 8]])).status).toBe(200);
    const refused = await logits([[2, 9.5, 8]]);
    expect(refused).toMatchObject({ status: 400, json: { error: 'Bad Request' } });
    expect((refused.json as { message: string }).message).toContain('9.5');
  });

  it('an id that the model does not have is refused', async () => {
    expect(await logits([[2, 10 ** 9, 8]])).toMatchObject({ status: 400 });
    expect(await logits([])).toMatchObject({ status: 400 });
    expect((await logits([[2, 9, 8]])).status).toBe(200);
  });
});
