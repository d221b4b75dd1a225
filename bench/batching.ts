import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, request as send } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import autocannon from 'autocannon';
import { Tensor } from 'onnxruntime-common';
import { Learner } from '../lib/fastai/learner.js';
import * as pytorch from '../lib/frameworks/pytorch.js';
import type { PytorchRunner } from '../lib/interfaces/pytorch-runner.interface.js';
import type { RunnerOptions } from '../lib/interfaces/runner-options.interface.js';
import { RunnerOverloadedError } from '../lib/runner/errors/index.js';
import { ModelStore } from '../lib/store/index.js';
import type { LimitRequest } from './batching-limit.js';
import { openLoop, type Outcome, type Verdict } from './overload.js';
import { benchFile, serve, stop } from './serve.js';
import { median, sideBySide, table } from './statistics.js';

const TOKENS = 32;
const CALLERS = [1, 8, 32, 64, 256];
const ROUNDS = 3;
const PORT = 3913;
const ONE: RunnerOptions = { workers: 1, threads: 1 };

/** Longer texts for the overload, so that ten times what can be served is not more than what can be sent and refused. */
const LONG = { calls: 256, http: 5000 };
const OVERLOAD = { times: 10, seconds: Number(process.env['OVERLOAD_SECONDS'] ?? 30) };
const MAX_LATENCY_MS = 500;

type Load = (connections: number) => Promise<number>;

/**
 * The classifier's bare model with texts of 32 tokens: rows a second with batching and without, called from this
 * process and over HTTP, against a loop that does nothing but `session.run` with full batches, on one thread each;
 * then ten times the load that can be served.
 */
export async function benchBatching(file: string): Promise<void> {
  const home = await mkdtemp(join(tmpdir(), 'vts-bench-'));
  const store = new ModelStore(home);
  try {
    const learner = await Learner.load(file);
    const batchable = { __call__: { batchable: true } };
    const plain = { __call__: { batchable: false } };
    await pytorch.saveModel('bench_batched:1', learner.model, { store, signatures: batchable });
    await pytorch.saveModel('bench_plain:1', learner.model, { store, signatures: plain });
    await learner.release();
    const parts = process.env['PARTS']?.split(',');
    const all: Record<string, () => Promise<void>> = {
      calls: () => benchCalls(file, store),
      isolation: () => benchIsolation(store),
      http: () => benchHttp(file, home),
      overload: () => benchOverload(store),
      'http-overload': () => benchHttpOverload(home),
    };
    for (const [part, run] of Object.entries(all)) if (parts?.includes(part) ?? true) await run();
  } finally {
    await rm(home, { recursive: true });
  }
}

/** Some ids of the vocabulary, which has more. */
function ids(tokens: number): number[] {
  return Array.from({ length: tokens }, (_, index) => 10 + ((index * 7) % 150));
}

function itemOf(tokens: number): Tensor {
  return new Tensor('int64', BigInt64Array.from(ids(tokens), BigInt), [1, tokens]);
}

async function runnerOf(
  store: ModelStore,
  name: string,
  options: RunnerOptions = ONE,
): Promise<PytorchRunner> {
  const runner = (await pytorch.get(`${name}:1`, { store })).toRunner(options);
  await runner.open();
  return runner;
}

/** So many callers that each make their next call when the last one is answered. */
async function callsPerSecond(
  runner: PytorchRunner,
  callers: number,
  ms: number,
  item = itemOf(TOKENS),
): Promise<number> {
  const start = performance.now();
  let calls = 0;
  const caller = async (): Promise<void> => {
    for (; performance.now() - start < ms; calls++) await runner.run(item);
  };
  await Promise.all(Array.from({ length: callers }, caller));
  return (calls * 1000) / (performance.now() - start);
}

/** The bare loop: rows a second with batches of that many rows. */
class Limit {
  private constructor(private readonly worker: Worker) {}

  static async start(file: string): Promise<Limit> {
    const workerData: LimitRequest = { file, threads: 1, tokens: TOKENS };
    const worker = new Worker(benchFile('batching-limit.js'), { workerData });
    await once(worker, 'message');
    return new Limit(worker);
  }

  async rowsPerSecond(rows: number, ms: number): Promise<number> {
    this.worker.postMessage({ rows, ms });
    const [rate] = (await once(this.worker, 'message')) as [number];
    return rate;
  }

  async stop(): Promise<void> {
    await this.worker.terminate();
  }
}

/** The size of batch that makes the most rows a second. */
async function bestBatch(limit: Limit): Promise<number> {
  let [best, most] = [1, 0];
  for (const rows of [1, 8, 16, 32, 64, 100]) {
    const rate = await limit.rowsPerSecond(rows, 500);
    if (rate > most) [best, most] = [rows, rate];
  }
  return best;
}

/** Each round measures all, so that a busy moment of the machine falls on all of them. */
async function compare(title: string, limit: Limit, loads: [string, Load][]): Promise<void> {
  const full = await bestBatch(limit);
  const rows: string[][] = [];
  for (const connections of CALLERS) {
    const limits: number[] = [];
    const rates = loads.map((): number[] => []);
    for (let round = 0; round < ROUNDS; round++) {
      limits.push(await limit.rowsPerSecond(full, 1000));
      for (const [index, [, load]] of loads.entries()) {
        rates[index]!.push(await load(connections));
      }
    }
    const most = median(limits);
    const cells = rates.flatMap((own) => [
      median(own).toFixed(0),
      `${(median(own) / most).toFixed(2)}x`,
    ]);
    rows.push([String(connections), most.toFixed(0), ...cells]);
  }
  const header = ['callers', `loop of ${full}`, ...loads.flatMap(([name]) => [name, 'ratio'])];
  table(title, header, rows);
}

async function benchCalls(file: string, store: ModelStore): Promise<void> {
  const limit = await Limit.start(file);
  const shared = await runnerOf(store, 'bench_batched');
  const alone = await runnerOf(store, 'bench_plain');
  for (const runner of [shared, alone]) await callsPerSecond(runner, 64, 1500);
  await compare(`Rows/s of ${TOKENS} tokens, called in this process (1 worker)`, limit, [
    ['batched', (callers) => callsPerSecond(shared, callers, 1000)],
    ['one by one', (callers) => callsPerSecond(alone, callers, 1000)],
  ]);
  const item = itemOf(TOKENS);
  const [one, two] = await sideBySide(
    () => alone.run(item),
    () => shared.run(item),
    2000,
  );
  table(
    'A lone call (median ms)',
    ['one by one', 'batched', 'ratio'],
    [[one.toFixed(3), two.toFixed(3), `${(two / one).toFixed(2)}x`]],
  );
  await Promise.all([limit.stop(), shared.close(), alone.close()]);
}

/** What it costs that a model runs in a process of its own. */
async function benchIsolation(store: ModelStore): Promise<void> {
  const thread = await runnerOf(store, 'bench_plain');
  const child = await runnerOf(store, 'bench_plain', { ...ONE, isolation: 'process' });
  for (const runner of [thread, child]) await callsPerSecond(runner, 1, 1000);
  const rows: string[][] = [];
  for (const tokens of [TOKENS, 4096]) {
    const item = itemOf(tokens);
    const [one, two] = await sideBySide(
      () => thread.run(item),
      () => child.run(item),
      tokens === TOKENS ? 2000 : 100,
    );
    rows.push([tokens, one.toFixed(3), two.toFixed(3), (two - one).toFixed(3)].map(String));
  }
  table('A lone call (median ms)', ['tokens', 'thread', 'process', 'more'], rows);
  await Promise.all([thread.close(), child.close()]);
}

async function benchHttp(file: string, home: string): Promise<void> {
  const limit = await Limit.start(file);
  const options = JSON.stringify(ONE);
  const server = await serve(benchFile('batching-server.js'), [], {
    PORT: String(PORT),
    VTS_HOME: home,
    BATCHED: options,
    PLAIN: options,
  });
  try {
    const load = (route: string): Load => {
      return async (connections) => {
        const result = await autocannon({ ...request(route, TOKENS), connections, duration: 2 });
        if (result.non2xx > 0 || result.errors > 0) {
          throw new Error(`/${route}: ${result.non2xx} answers were no success.`);
        }
        return result.requests.average;
      };
    };
    for (const route of ['batched', 'plain', 'none']) await load(route)(64);
    await compare(`HTTP requests/s of ${TOKENS} tokens (1 worker)`, limit, [
      ['batched', load('batched')],
      ['one by one', load('plain')],
      ['no model', load('none')],
    ]);
  } finally {
    await Promise.all([stop(server), limit.stop()]);
  }
}

function request(route: string, tokens: number) {
  return {
    url: `http://127.0.0.1:${PORT}/${route}`,
    method: 'POST' as const,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify([ids(tokens)]),
  };
}

async function benchOverload(store: ModelStore): Promise<void> {
  const item = itemOf(LONG.calls);
  const peak = async (): Promise<number> => {
    const runner = await runnerOf(store, 'bench_batched');
    await callsPerSecond(runner, 64, 1500, item);
    const rate = await callsPerSecond(runner, 64, 3000, item);
    await runner.close();
    return rate;
  };
  const before = await peak();
  const runner = await runnerOf(store, 'bench_batched', {
    ...ONE,
    batching: { maxLatencyMs: MAX_LATENCY_MS },
  });
  const call = async (): Promise<Verdict> => {
    try {
      await runner.run(item);
      return 'answered';
    } catch (error) {
      if (!(error instanceof RunnerOverloadedError)) return 'other';
      return error.retryAfterSeconds >= 1 ? 'refused' : 'unadvised';
    }
  };
  const rate = OVERLOAD.times * before;
  await openLoop(call, rate, 2);
  const memory: number[] = [];
  const sampling = setInterval(() => memory.push(rssMiB()), 250);
  const outcome = await openLoop(call, rate, OVERLOAD.seconds);
  clearInterval(sampling);
  const next = performance.now();
  const first = await call();
  const firstMs = performance.now() - next;
  await runner.close();
  report('in this process', LONG.calls, rate, (before + (await peak())) / 2, outcome);
  const third = Math.ceil(memory.length / 3);
  const [early, late] = [memory.slice(0, third), memory.slice(-third)].map(median);
  console.log(
    `memory ${early!.toFixed(0)} MiB in the first third, ${late!.toFixed(0)} in the last; the first call afterwards: ${first} in ${firstMs.toFixed(1)} ms`,
  );
}

async function benchHttpOverload(home: string): Promise<void> {
  const start = (options: RunnerOptions): Promise<ChildProcess> =>
    serve(benchFile('batching-server.js'), [], {
      PORT: String(PORT),
      VTS_HOME: home,
      BATCHED: JSON.stringify({ ...ONE, ...options }),
      PLAIN: JSON.stringify(ONE),
    });
  const limited: RunnerOptions = { batching: { maxLatencyMs: MAX_LATENCY_MS } };
  const { url, headers, body } = request('batched', LONG.http);
  // `fetch` costs more than the server's refusal, and would be what is measured; so would the time that the kernel lets
  // a thousand new connections wait.
  const agent = new Agent({ keepAlive: true, maxSockets: 500 });
  const others = new Map<string, number>();
  const other = (what: string): Verdict => {
    others.set(what, (others.get(what) ?? 0) + 1);
    return 'other';
  };
  const call = (): Promise<Verdict> =>
    new Promise((resolve) => {
      const sent = send(url, { method: 'POST', agent, headers }, (response) => {
        const { statusCode, headers: got } = response.resume();
        response.once('end', () => {
          if (statusCode === 200) resolve('answered');
          else if (statusCode !== 503) resolve(other(`HTTP ${statusCode}`));
          else resolve(Number(got['retry-after']) >= 1 ? 'refused' : 'unadvised');
        });
      });
      sent.once('error', (error: NodeJS.ErrnoException) =>
        resolve(other(error.code ?? error.message)),
      );
      sent.end(body);
    });
  const peak = async (): Promise<number> => {
    const server = await start(limited);
    // As many as share its runs, and none is refused.
    const load = { ...request('batched', LONG.http), connections: 16, duration: 4 };
    await autocannon(load);
    const result = await autocannon(load);
    await stop(server);
    return result['2xx'] / result.duration;
  };
  const before = await peak();
  const rate = OVERLOAD.times * before;
  const server = await start(limited);
  await openLoop(call, rate, 2);
  const outcome = await openLoop(call, rate, OVERLOAD.seconds);
  const next = performance.now();
  const first = await call();
  const firstMs = performance.now() - next;
  agent.destroy();
  await stop(server);
  report('over HTTP', LONG.http, rate, (before + (await peak())) / 2, outcome);
  for (const [what, count] of others) console.log(`other: ${what}, ${count} times`);
  console.log(`the first request afterwards: ${first} in ${firstMs.toFixed(1)} ms`);
}

function report(where: string, tokens: number, rate: number, peak: number, outcome: Outcome): void {
  table(
    `${OVERLOAD.times}x overload ${where}: ${rate.toFixed(0)} calls/s of ${tokens} tokens for ${OVERLOAD.seconds} s, maxLatencyMs ${MAX_LATENCY_MS}`,
    ['answered/s', 'of the peak', 'refused', 'other', 'median ms', 'p99', 'worst', 'from the call'],
    [
      [
        outcome.perSecond.toFixed(0),
        (outcome.perSecond / peak).toFixed(2),
        String(outcome.refused),
        String(outcome.otherwise + outcome.unadvised),
        outcome.median.toFixed(0),
        outcome.p99.toFixed(0),
        outcome.worst.toFixed(0),
        outcome.worstOfCall.toFixed(0),
      ],
    ],
  );
}

function rssMiB(): number {
  return process.memoryUsage().rss / 2 ** 20;
}
