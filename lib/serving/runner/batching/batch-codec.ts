import { BatchInputError } from '../errors.js';

/** How the items of several calls are put into one run, and its result is taken apart again. */
export interface BatchCodec<Item = unknown, Output = unknown> {
  /** What is merged of two items or more has memory of its own, which may be given away. */
  readonly copies?: boolean;
  /** @throws InputError when the item cannot be batched; the batcher refuses zero rows. */
  rows(item: Item): number;
  /** Items of equal keys may share a run: those of one element type, rank and trailing shape. */
  key(item: Item): string;
  /**
   * How long the rows of an item are, where rows of different length share a run and the longest
   * sets the cost of each; 1 where this is left out. The batcher puts only such items together as
   * waste little.
   */
  width?(item: Item): number;
  /** One item of one or more, of equal keys; the given ones stay as they are. */
  merge(items: readonly Item[]): unknown;
  /**
   * The result of each item, in their order, in buffers of its own.
   *
   * @throws BatchResultError when the result has not as many rows as the items.
   */
  split(result: unknown, rows: readonly number[], items: readonly Item[]): Output[];
  /** Parts of at most so many rows, in order. */
  divide(item: Item, maxRows: number): Item[];
  join(outputs: readonly Output[]): Output;
}

/** What a call's item is queued with, in parts of at most so many rows as a run may have. */
export interface ReadItem<Item> {
  readonly rows: number;
  readonly key: string;
  readonly width: number;
  readonly parts: readonly Item[];
}

/** @throws InputError when the item cannot be batched. */
export function readItem<Item>(
  codec: BatchCodec<Item, unknown>,
  item: Item,
  maxRows = Infinity,
): ReadItem<Item> {
  const rows = codec.rows(item);
  if (rows === 0) throw new BatchInputError('The item has no rows', 'send one row or more');
  const key = codec.key(item);
  const parts = rows > maxRows ? codec.divide(item, maxRows) : [item];
  return { rows, key, width: codec.width?.(item) ?? 1, parts };
}
