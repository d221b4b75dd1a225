import type { TabularColumn, TabularSchema } from '../contract.js';
import type { CategoryIndex } from './category-index.js';
import { label } from './row-decoder.js';
import type { RowEncoder } from './row-encoder.js';
import type { TabularRecord } from './tabular-record.js';

export function schemaOf(record: TabularRecord, encoder: RowEncoder): TabularSchema {
  const ownCode = record.steps.some(({ kind }) => kind === 'code');
  const given = record.categories.filter((name) => !encoder.isMade(name));
  const numbers = record.numbers.filter((name) => !ownCode || !encoder.isMade(name));
  return {
    columns: [
      ...given.map((name) => categoryColumn(name, encoder.index(name))),
      ...numbers.map((name) => numberColumn(name, record)),
    ],
    targets: record.targets,
    ...(ownCode && { ownCode }),
  };
}

function categoryColumn(name: string, index: CategoryIndex | undefined): TabularColumn {
  if (!index) return { name, kind: 'number', nullable: false, example: 0 };
  const categories = index.classes.slice(1).flatMap((value) => label(value) ?? []);
  return { name, kind: 'category', categories, nullable: true, example: categories[0] ?? null };
}

function numberColumn(name: string, { steps }: TabularRecord): TabularColumn {
  const fill = steps.find((step) => step.kind === 'fill');
  const normalize = steps.find((step) => step.kind === 'normalize');
  const example = fill?.values.get(name) ?? normalize?.means.get(name) ?? 0;
  return {
    name,
    kind: 'number',
    nullable: fill === undefined || fill.values.has(name),
    example: Number(example.toPrecision(6)),
  };
}
