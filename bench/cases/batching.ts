import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { Learner } from 'nestjs-vts/learner';
import { ModelStore, pytorch, type RunnerOptions } from 'nestjs-vts/serving';
import type { Case, Contestant, Setting } from '../case.js';
import { learnerFile } from '../learners.js';
import { THIS } from '../package.js';
import type { FullBatchesQuestion } from '../programs/full-batches.js';
import { idsOf } from '../programs/texts.js';
import { bareNest, batchingService, startService, type Service } from '../services.js';
import { CALLS, callers, callersOf } from './callers.js';
import { loaded } from './http.js';

const TOKENS = 32;
const CALLERS = ['1', '8', '32', '64', '256'];
const ONE: RunnerOptions = { workers: 1, threads: 1 };
const LOOP = 'loop of full batches';

/** A store with the classifier's bare model, with and without batching. */
export async function batchingHome(setting: Setting): Promise<{ home: string; file: string }> {
  const file = await learnerFile('fastai_sentiment', 'fastai_sentiment', setting);
  const home = await mkdtemp(join(setting.folder, 'batching-'));
  const store = new ModelStore(home);
  const learner = await Learner.load(file);
  for (const [name, batchable] of [
    ['bench_batched:1', true],
    ['bench_plain:1', false],
  ] as const) {
    await pytorch.saveModel(name, learner.model, {
      store,
      signatures: { __call__: { batchable } },
    });
  }
  await learner.release();
  return { home, file };
}

/** Only session.run with full batches on one thread. */
function fullBatches(file: string): Contestant {
  const program = THIS.program('programs/full-batches.js', [file]);
  return {
    name: LOOP,
    measure: (_, ms) => program.ask({ tokens: TOKENS, ms } satisfies FullBatchesQuestion),
    stop: () => program.stop(),
  };
}

export const batching: Case = {
  name: 'batching',
  title: `the PyTorch layer, rows of ${TOKENS} tokens called in its process, 1 worker`,
  variantsAre: 'callers',
  variants: CALLERS,
  metrics: CALLS,
  targets: [],
  async start(setting) {
    const { home, file } = await batchingHome(setting);
    const runner = (name: string) => ({ home, kind: 'pytorch', name, options: ONE }) as const;
    const callOf = (variant: string) => ({ item: { tokens: TOKENS }, callers: Number(variant) });
    return [
      ...setting.packages.map((from) =>
        callers(from.name, callersOf(from, runner('bench_batched:1')), callOf),
      ),
      fullBatches(file),
      callers('one by one', callersOf(THIS, runner('bench_plain:1')), callOf),
    ];
  },
};

export const batchingHttp: Case = {
  name: 'batching-http',
  title: `the PyTorch layer over HTTP, rows of ${TOKENS} tokens, 1 worker`,
  variantsAre: 'connections',
  variants: CALLERS,
  metrics: CALLS,
  targets: [{ metric: 'rate', against: LOOP, atLeast: 0.75, variants: ['64'] }],
  async start(setting) {
    const { home, file } = await batchingHome(setting);
    const body = JSON.stringify([idsOf(TOKENS)]);
    const service = (from = THIS, route = 'batched'): Service =>
      batchingService(from, home, route, body, ONE);
    const start = async (each: Service, name: string): Promise<Contestant> =>
      loaded(setting, { ...each, name }, await startService(each));
    return [
      ...(await Promise.all(setting.packages.map((from) => start(service(from), from.name)))),
      fullBatches(file),
      await start(service(THIS, 'plain'), 'one by one'),
      await start(service(THIS, 'none'), 'no model'),
      await start(bareNest(body), 'bare Nest'),
    ];
  },
};

const LONG = 4096;

export const isolation: Case = {
  name: 'isolation',
  title: 'a lone call of a runner in a thread against one in a separate process',
  variantsAre: 'tokens',
  variants: [String(TOKENS), String(LONG)],
  metrics: { p50: CALLS.p50, p99: CALLS.p99 },
  targets: [],
  async start(setting) {
    const { home } = await batchingHome(setting);
    const contestant = (name: string, from = THIS, options: RunnerOptions = ONE): Contestant =>
      callers(
        name,
        callersOf(from, { home, kind: 'pytorch', name: 'bench_plain:1', options }),
        (variant) => ({ item: { tokens: Number(variant) }, callers: 1 }),
      );
    return [
      ...setting.packages.map((from) => contestant(from.name, from)),
      contestant('in a process', THIS, { ...ONE, isolation: 'process' }),
    ];
  },
};
