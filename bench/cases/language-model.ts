import type { Case } from '../case.js';
import { sampleFile } from '../learners.js';
import type { Item } from '../programs/in-process.js';
import { predictions, TIMES, timesOf } from './in-process.js';

const ITEMS: Readonly<Record<string, Item>> = {
  defaults: { words: 200, options: { seed: 1 } },
  'temperature 0.5, minP 0.001': {
    words: 200,
    options: { seed: 1, temperature: 0.5, minP: 0.001 },
  },
};

export const languageModel: Case = {
  name: 'language-model',
  title: 'LMLearner.predict of 200 words against the runs that it takes, 1 thread',
  variantsAre: 'options',
  variants: Object.keys(ITEMS),
  metrics: TIMES,
  targets: [],
  async start(setting) {
    return predictions(setting, await sampleFile('reviews_lm'), ITEMS, timesOf);
  },
};
