import { existsSync } from 'node:fs';
import { fastai, ModelStore } from 'nestjs-vts/serving';
import type { Setting } from './case.js';
import { THIS } from './package.js';

/** Learners of usual size, which are too large for this repository. */
const LEARNERS = process.env['BENCH_LEARNERS'] ?? THIS.path('../shared/learners');

/** The samples' stores. */
export const HOMES = {
  fastai_sentiment: THIS.path('sample/01-fastai-sentiment/models-home'),
  income: THIS.path('sample/03-tabular/models-home'),
  shapes: THIS.path('sample/04-vision/models-home'),
  reviews_lm: THIS.path('sample/05-language-model/models-home'),
} as const;

/** The file of a sample's learner. */
export async function sampleFile(name: keyof typeof HOMES): Promise<string> {
  const store = new ModelStore(HOMES[name]);
  return (await fastai.get(name, { store })).pathOf('saved_model.pkl');
}

/** The file of a learner in `BENCH_LEARNERS`; without that variable, the sample's learner. */
export async function learnerFile(
  name: string,
  instead: keyof typeof HOMES,
  setting: Setting,
): Promise<string> {
  const file = `${LEARNERS}/${name}/export.pkl`;
  if (existsSync(file)) return file;
  setting.skip(`BENCH_LEARNERS has no ${name}/export.pkl: the sample's ${instead} is used.`);
  return sampleFile(instead);
}
