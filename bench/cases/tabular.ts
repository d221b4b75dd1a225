import type { Case } from '../case.js';
import { sampleFile } from '../learners.js';
import type { Item } from '../programs/in-process.js';
import { predictions, TIMES, timesOf } from './in-process.js';

const TABLES: Readonly<Record<string, Item>> = {
  '100,000 rows, a data frame': { rows: 100_000, as: 'frame' },
  '100,000 rows, objects': { rows: 100_000, as: 'objects' },
  '1,000 rows, objects': { rows: 1000, as: 'objects' },
};

/** predict of one row. */
export const row: Case = {
  name: 'row',
  title: 'predict of one row of a table against session.run on the same tensors, 1 thread',
  variantsAre: 'items',
  variants: ['a row'],
  metrics: TIMES,
  targets: [{ metric: 'ratio', atMost: 1.3 }],
  seconds: 0.5,
  async start(setting) {
    const items: Record<string, Item> = { 'a row': { rows: 1, as: 'row' } };
    return predictions(setting, await sampleFile('income'), items, timesOf);
  },
};

/** getPreds of tables. */
export const table: Case = {
  name: 'table',
  title: 'getPreds of a table against session.run on the same tensors, 1 thread',
  variantsAre: 'items',
  variants: Object.keys(TABLES),
  metrics: {
    rate: { label: 'getPreds, rows', unit: '/s' },
    limit: { label: 'session.run, rows', unit: '/s' },
    share: { label: 'getPreds / session.run', unit: 'x' },
  },
  targets: [{ metric: 'share', atLeast: 0.8 }],
  async start(setting) {
    return predictions(setting, await sampleFile('income'), TABLES, (answer) => ({
      rate: (1000 * answer.items) / answer.second,
      limit: (1000 * answer.items) / answer.first,
      share: 1 / answer.ratio,
    }));
  },
};
