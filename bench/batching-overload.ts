import autocannon from 'autocannon';
import type { RunnerOptions } from '../lib/serving/runner/runner-options-types.js';
import { RunnerOverloadedError } from '../lib/serving/runner/errors.js';
import type { ModelStore } from '../lib/serving/store/index.js';
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
import { closedLoop, openLoop, type Outcome, type Verdict } from './overload.js';
import { stop } from './serve.js';
import { median, table } from './statistics.js';

/**
 * Longer texts, so that ten times what can be served is not more than what can be sent and refused
 * on two cores.
 */
const TOKENS = { calls: 256, http: [1000, 5000, 20_000] };
const MOST_SENT = 1500;
const TIMES = 10;
const SECONDS = Number(process.env['OVERLOAD_SECONDS'] ?? 30);
const MAX_LATENCY_MS = 500;
const LIMITED: RunnerOptions = { ...ONE, batching: { maxLatencyMs: MAX_LATENCY_MS } };
/** Callers that do not heed Retry-After. */
const CALLERS = 640;

/** Ten times the load that can be served, called in this process. */
export async function benchOverload(store: ModelStore): Promise<void> {
  const item = itemOf(TOKENS.calls);
  const peak = async (): Promise<number> => {
    const runner = await runnerOf(store, 'bench_batched');
    await callsPerSecond(runner, 64, 1500, item);
    const rate = await callsPerSecond(runner, 64, 3000, item);
    await runner.close();
    return rate;
  };
  const before = await peak();
  const runner = await runnerOf(store, 'bench_batched', LIMITED);
  const call = async (): Promise<Verdict> => {
    try {
      await runner.run(item);
      return 'answered';
    } catch (error) {
      if (!(error instanceof RunnerOverloadedError)) return 'other';
      return error.retryAfterSeconds >= 1 ? 'refused' : 'unadvised';
    }
  };
  const rate = TIMES * before;
  await openLoop(call, rate, 2);
  const memory: number[] = [];
  const sampling = setInterval(() => memory.push(rssMiB()), 250);
  const outcome = await openLoop(call, rate, SECONDS);
  clearInterval(sampling);
  const next = performance.now();
  const first = await call();
  const firstMs = performance.now() - next;
  await runner.close();
  const what = `${rate.toFixed(0)} calls/s of ${TOKENS.calls} tokens`;
  report(`${TIMES}x overload in this process: ${what}`, (before + (await peak())) / 2, outcome);
  const third = Math.ceil(memory.length / 3);
  const [early, late] = [memory.slice(0, third), memory.slice(-third)].map(median);
  console.log(
    `memory ${early!.toFixed(0)} MiB in the first third, ${late!.toFixed(0)} in the last; the first call afterwards: ${first} in ${firstMs.toFixed(1)} ms`,
  );
}

/** The same over HTTP: at ten times the rate, and by callers that come again at once. */
export async function benchHttpOverload(home: string): Promise<void> {
  let [tokens, before] = [0, Infinity];
  for (tokens of TOKENS.http) {
    before = await peakOverHttp(home, tokens);
    if (TIMES * before <= MOST_SENT) break;
  }
  const rate = TIMES * before;
  const clients = new HttpCallers(PORT, '/batched', requestOf('batched', tokens).body);
  const server = await serveModels(home, LIMITED);
  await openLoop(clients.call, rate, 2);
  const open = await openLoop(clients.call, rate, SECONDS);
  const afterOpen = await clients.first();
  await closedLoop(clients.call, CALLERS, 3);
  const closed = await closedLoop(clients.call, CALLERS, SECONDS);
  const afterClosed = await clients.first();
  clients.close();
  await stop(server);
  const peak = (before + (await peakOverHttp(home, tokens))) / 2;
  const what = `${rate.toFixed(0)} requests/s of ${tokens} tokens`;
  report(`${TIMES}x overload over HTTP: ${what}`, peak, open);
  console.log(`the first request afterwards: ${afterOpen}`);
  report(`${CALLERS} callers over HTTP that come again at once`, peak, closed);
  console.log(`the first request afterwards: ${afterClosed}`);
  for (const [other, count] of clients.others) console.log(`other: ${other}, ${count} times`);
}

/**
 * Requests that 16 connections are answered in a second: as many as share runs, and none is
 * refused.
 */
async function peakOverHttp(home: string, tokens: number): Promise<number> {
  const server = await serveModels(home, LIMITED);
  const load = { ...requestOf('batched', tokens), connections: 16, duration: 4 };
  await autocannon(load);
  const result = await autocannon(load);
  await stop(server);
  return result['2xx'] / result.duration;
}

function report(what: string, peak: number, outcome: Outcome): void {
  const { perSecond, refused, otherwise, unadvised, p99, worst, worstOfCall } = outcome;
  table(
    `${what} for ${SECONDS} s, maxLatencyMs ${MAX_LATENCY_MS}`,
    ['answered/s', 'of the peak', 'refused', 'other', 'median ms', 'p99', 'worst', 'from the call'],
    [
      [
        perSecond.toFixed(0),
        (perSecond / peak).toFixed(2),
        String(refused),
        String(otherwise + unadvised),
        outcome.median.toFixed(0),
        p99.toFixed(0),
        worst.toFixed(0),
        worstOfCall.toFixed(0),
      ],
    ],
  );
}

function rssMiB(): number {
  return process.memoryUsage().rss / 2 ** 20;
}
