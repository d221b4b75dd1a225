import { Learner } from 'nestjs-vts/learner';
import { fastai, ModelStore, type RunnerOptions } from 'nestjs-vts/serving';
import type { Case, Contestant, Setting } from '../case.js';
import { THIS } from '../package.js';
import { textOf } from '../programs/texts.js';
import { batchingHome } from './batching.js';
import { CALLS, callers, callersOf } from './callers.js';

const ONE = { workers: 1, threads: 1 };
const TOKENS = 100;
const LAYER = 'the PyTorch layer';

function contestants(
  setting: Setting,
  kind: 'fastai' | 'pytorch',
  home: string,
  item: { text: string } | { tokens: number },
): Contestant[] {
  const name = kind === 'fastai' ? 'text' : 'bench_plain:1';
  const one = (who: string, from = THIS, options: RunnerOptions = ONE): Contestant =>
    callers(who, callersOf(from, { home, kind, name, options }), () => ({ item, callers: 1 }));
  return [
    one('int8', THIS, { ...ONE, quantize: 'int8' }),
    one('fp32'),
    ...setting.packages.slice(1).map((from) => one(`fp32 at ${from.name}`, from)),
  ];
}

/** The option `quantize`, of both. */
export const int8: Case = {
  name: 'int8',
  title: `int8 weights against fp32, a text of ${TOKENS} tokens, 1 thread`,
  variantsAre: 'model',
  variants: [LAYER, 'a learner'],
  metrics: { p50: CALLS.p50, rate: CALLS.rate },
  targets: [],
  async start(setting) {
    const { home, file } = await batchingHome(setting);
    await fastai.saveModel('text', file, { store: new ModelStore(home) });
    const learner = await Learner.load<string>(file);
    const text = textOf(TOKENS, (part) => learner.tokenize(part));
    await learner.release();
    const layer = contestants(setting, 'pytorch', home, { tokens: TOKENS });
    const learners = contestants(setting, 'fastai', home, { text });
    return layer.map((one, at) => ({
      name: one.name,
      measure: (variant, ms) => (variant === LAYER ? one : learners[at]!).measure(variant, ms),
      async stop() {
        await Promise.all([one.stop!(), learners[at]!.stop!()]);
      },
    }));
  },
};
