import type { Case, Contestant, Sample, Setting } from '../case.js';
import type { Package } from '../package.js';
import { Program } from '../program.js';
import type { CallersAnswer, CallersQuestion } from '../programs/callers.js';
import { idsOf } from '../programs/texts.js';
import type { Outcome } from '../load/loops.js';
import type { LoadRequest } from '../load/generator.js';
import { batchingService, startService } from '../services.js';
import { batchingHome } from './batching.js';
import { callersOf } from './callers.js';

const TIMES = 10;
const MAX_LATENCY_MS = 500;
const OPTIONS = { workers: 1, threads: 1, batching: { maxLatencyMs: MAX_LATENCY_MS } };
/** Callers that ignore Retry-After. */
const CALLERS = 640;
/** Longer texts, so that two cores can send and refuse ten times the peak. */
const TOKENS = { calls: 256, http: [1000, 5000, 20_000] };
const MOST_SENT = 1500;

const IN_PROCESS = `${TIMES} times the peak, in its process`;
const OPEN = `${TIMES} times the peak over HTTP`;
const CLOSED = `${CALLERS} callers over HTTP that come again at once`;

function sampleOf(outcome: Outcome, peak: number): Sample {
  const { perSecond, refused, otherwise, unadvised, median, p99, worst } = outcome;
  return {
    share: perSecond / peak,
    rate: perSecond,
    refused,
    other: otherwise + unadvised,
    p50: median,
    p99,
    worst,
  };
}

async function inProcess(setting: Setting, from: Package, ms: number): Promise<Sample> {
  const { home } = await batchingHome(setting);
  const runner = { home, kind: 'pytorch', name: 'bench_batched:1', options: OPTIONS } as const;
  const program = new Program(callersOf(from, runner));
  const ask = (load: CallersQuestion['load'], duration: number): Promise<CallersAnswer> =>
    program.ask({ item: { tokens: TOKENS.calls }, ms: duration, load } satisfies CallersQuestion);
  // As many callers as share runs, and none of them is refused.
  const peak = async (): Promise<number> => (await ask({ callers: 16 }, 3000)).perSecond;
  try {
    await peak();
    const before = await peak();
    const early = await ask({ perSecond: TIMES * before }, ms / 3);
    const outcome = await ask({ perSecond: TIMES * before }, ms);
    const sample = sampleOf(outcome, (before + (await peak())) / 2);
    return { ...sample, growth: outcome.rss - early.rss };
  } finally {
    await program.stop();
  }
}

async function overHttp(
  setting: Setting,
  from: Package,
  ms: number,
  open: boolean,
): Promise<Sample> {
  const { home } = await batchingHome(setting);
  for (const tokens of TOKENS.http) {
    const body = JSON.stringify([idsOf(tokens)]);
    const service = batchingService(from, home, 'batched', body, OPTIONS);
    const server = await startService(service);
    try {
      const request: LoadRequest = { ...service.request, port: server.port };
      const peak = async (): Promise<number> => {
        const { perSecond } = await setting.load.ask({ ...request, connections: 16, ms: 3000 });
        return perSecond;
      };
      await peak();
      const before = await peak();
      if (TIMES * before > MOST_SENT && tokens !== TOKENS.http.at(-1)) continue;
      const load = open ? { perSecond: TIMES * before } : { connections: CALLERS };
      await setting.load.ask({ ...request, ...load, ms: 2000 });
      const outcome = await setting.load.ask({ ...request, ...load, ms });
      return sampleOf(outcome, (before + (await peak())) / 2);
    } finally {
      await server.stop();
    }
  }
  throw new Error('No text was long enough.');
}

export const overload: Case = {
  name: 'overload',
  title: `more than can be served, maxLatencyMs ${MAX_LATENCY_MS}`,
  variantsAre: 'load',
  variants: [IN_PROCESS, OPEN, CLOSED],
  metrics: {
    share: { label: 'answered, of the peak', unit: 'x' },
    rate: { label: 'answered', unit: '/s' },
    refused: { label: 'refused', unit: '' },
    other: { label: 'other', unit: '' },
    p50: { label: 'p50', unit: 'ms' },
    p99: { label: 'p99', unit: 'ms' },
    worst: { label: 'worst', unit: 'ms' },
    growth: { label: 'memory grows', unit: 'MiB' },
  },
  targets: [],
  rounds: 1,
  seconds: 15,
  fresh: true,
  start: async (setting) =>
    setting.packages.map((from): Contestant => ({
      name: from.name,
      measure: (variant, ms) =>
        variant === IN_PROCESS
          ? inProcess(setting, from, ms)
          : overHttp(setting, from, ms, variant === OPEN),
    })),
};
