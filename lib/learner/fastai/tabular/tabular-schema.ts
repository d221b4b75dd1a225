import type { CategoryIndex } from './category-index.js';
import { label } from './row-decoder.js';
import type { TabularRecord } from './tabular-record.js';

/**
 * A column that a tabular learner's rows have.
 *
 * @publicApi
 */
export interface TabularColumn {
  readonly name: string;
  readonly kind: 'category' | 'number';
  /** What the learner saw in training; other values count as missing. Undefined for numbers. */
  readonly categories?: readonly (string | number | boolean)[];
  /** Whether the cell may be empty. */
  readonly nullable: boolean;
  /** A value that the learner knows: its first category, or the mean of the numbers. */
  readonly example: string | number | boolean | null;
}

/**
 * What a tabular or collaborative-filtering learner takes and predicts.
 *
 * @publicApi
 */
export interface TabularSchema {
  readonly columns: readonly TabularColumn[];
  readonly targets: readonly string[];
}

export function schemaOf(
  record: TabularRecord,
  index: (name: string) => CategoryIndex | undefined,
  isMade: (name: string) => boolean,
): TabularSchema {
  const given = record.categories.filter((name) => !isMade(name));
  return {
    columns: [
      ...given.map((name) => categoryColumn(name, index(name))),
      ...record.numbers.map((name) => numberColumn(name, record)),
    ],
    targets: record.targets,
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
