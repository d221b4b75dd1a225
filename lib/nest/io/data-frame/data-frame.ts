import type { FrameLike } from '../../../learner/fastai/contract.js';

/**
 * A criterion or value of a row: a function of the row, or an arquero expression as a string.
 *
 * @publicApi
 */
export type RowExpression = string | ((row: Record<string, never>) => unknown);

/**
 * The data frame that handlers get: a table of [arquero](https://idl.uw.edu/arquero/), with the
 * most used verbs. It is declared here because arquero's own declarations do not compile under
 * strict settings; `frame as unknown as ColumnTable` has all of them.
 *
 * @publicApi
 */
export interface DataFrame extends FrameLike {
  numCols(): number;
  /** The cell of a column in a row. */
  get(name: string, row?: number): unknown;
  object(row?: number): object;
  objects(): object[];
  select(...columns: string[]): this;
  rename(columns: Readonly<Record<string, string>>): this;
  slice(start?: number, end?: number): this;
  filter(criterion: RowExpression): this;
  derive(values: Readonly<Record<string, RowExpression>>): this;
  orderby(...keys: RowExpression[]): this;
  groupby(...keys: (RowExpression | Readonly<Record<string, RowExpression>>)[]): this;
  rollup(values?: Readonly<Record<string, RowExpression>>): this;
}
