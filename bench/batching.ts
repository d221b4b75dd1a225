import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import autocannon from 'autocannon';
import { Learner } from '../lib/learner/fastai/learner.js';
import { pytorch } from '../lib/serving/index.js';
import { ModelStore } from '../lib/serving/store/index.js';
import type { LimitRequest } from './batching-limit.js';
import { benchHttpOverload, benchOverload } from './batching-overload.js';
import {
  callsPerSecond,
  itemOf,
  ONE,
  PORT,
  requestOf,
  runnerOf,
  serveModels,
} from './batching-setup.js';
import { HttpCallers } from './http-callers.js';
import { benchFile, serve, stop } from './serve.js';
import { median, sideBySide, table } from './statistics.js';

const TOKENS = 32;
const CALLERS = [1, 8, 32, 64, 256];
const ROUNDS = 3;
const NEST_PORT = PORT + 1;

type Load = (connections: number) => Promise<number>;

/**
 * The classifier's bare model with texts of 32 tokens: rows a second with batching and without,
 * called from this process and over HTTP, against a loop that does nothing but `session.run` with
 * full batches, on one thread each; then ten times the load that can be served.
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
  const item = itemOf(TOKENS);
  const shared = await runnerOf(store, 'bench_batched');
  const alone = await runnerOf(store, 'bench_plain');
  for (const runner of [shared, alone]) await callsPerSecond(runner, 64, 1500, item);
  await compare(`Rows/s of ${TOKENS} tokens, called in this process (1 worker)`, limit, [
    ['batched', (callers) => callsPerSecond(shared, callers, 1000, item)],
    ['one by one', (callers) => callsPerSecond(alone, callers, 1000, item)],
  ]);
  const calls = [() => alone.run(item), () => shared.run(item)] as const;
  lone('A lone call', await sideBySide(...calls, 2000));
  await Promise.all([limit.stop(), shared.close(), alone.close()]);
}

/** One call after the other, by a runner without batching and by one with it. */
function lone(title: string, [one, two]: readonly [number, number]): void {
  table(
    `${title} (median ms)`,
    ['one by one', 'batched', 'ratio'],
    [[one.toFixed(3), two.toFixed(3), `${(two / one).toFixed(2)}x`]],
  );
}

/** What it costs that a model runs in a process of its own. */
async function benchIsolation(store: ModelStore): Promise<void> {
  const thread = await runnerOf(store, 'bench_plain');
  const child = await runnerOf(store, 'bench_plain', { ...ONE, isolation: 'process' });
  for (const runner of [thread, child]) await callsPerSecond(runner, 1, 1000, itemOf(TOKENS));
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

/**
 * Beside the model's routes, one without a model, and one of Nest alone: what HTTP itself takes.
 */
async function benchHttp(file: string, home: string): Promise<void> {
  const limit = await Limit.start(file);
  const server = await serveModels(home);
  const nest = await serve(benchFile('nest-server.js'), [], { PORT: String(NEST_PORT) });
  try {
    const load = (route: string, port = PORT): Load => {
      const request = requestOf(route, TOKENS, port);
      return async (connections) => {
        const result = await autocannon({ ...request, connections, duration: 2 });
        if (result.non2xx > 0 || result.errors > 0) {
          throw new Error(`/${route}: ${result.non2xx} answers were no success.`);
        }
        return result.requests.average;
      };
    };
    const loads: [string, Load][] = [
      ['batched', load('batched')],
      ['one by one', load('plain')],
      ['no model', load('none')],
      ['Nest alone', load('nest', NEST_PORT)],
    ];
    for (const [, run] of loads) await run(64);
    await compare(`HTTP requests/s of ${TOKENS} tokens (1 worker)`, limit, loads);
    const [plain, batched] = ['plain', 'batched'].map(
      (route) => new HttpCallers(PORT, `/${route}`, requestOf(route, TOKENS).body),
    ) as [HttpCallers, HttpCallers];
    lone('A lone request over HTTP', await sideBySide(plain.call, batched.call, 2000));
    for (const callers of [plain, batched]) callers.close();
  } finally {
    await Promise.all([stop(server), stop(nest), limit.stop()]);
  }
}
