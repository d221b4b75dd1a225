import type { Case } from '../case.js';
import { sampleFile } from '../learners.js';
import { predictions, TIMES, timesOf } from './in-process.js';

export const text: Case = {
  name: 'text',
  title: 'predict of a text against session.run on the same tensors, 1 thread',
  variantsAre: 'tokens',
  variants: ['8', '100', '400'],
  metrics: TIMES,
  targets: [{ metric: 'ratio', atMost: 1.15 }],
  seconds: 0.5,
  async start(setting) {
    const items = Object.fromEntries(this.variants.map((name) => [name, { tokens: Number(name) }]));
    return predictions(setting, await sampleFile('fastai_sentiment'), items, timesOf);
  },
};
