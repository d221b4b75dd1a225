import { BatchInputError } from '../errors.js';

/** Merges the items of several calls into one run, and splits its result again. */
export interface BatchCodec<Item = unknown, Output = unknown> {
  /** A merge of two or more items has its own memory, which may be transferred. */
  readonly copies?: boolean;
  /** @throws InputError if the item cannot be batched. The batcher refuses zero rows. */
  rows(item: Item): number;
  /**
   * Items with equal keys may share a run: they have the same element type, rank and trailing
   * shape.
   */
  key(item: Item): string;
  /**
   * The length of an item's rows, if rows of different lengths share a run and the longest sets the
   * cost of each; 1 by default. The batcher only combines items that waste little.
   */
  width?(item: Item): number;
  /** Merges one or more items with equal keys; the given items stay unchanged. */
  merge(items: readonly Item[]): unknown;
  /**
   * The result of each item, in order, each in its own buffers.
   *
   * @throws BatchResultError if the result does not have as many rows as the items.
   */
  split(result: unknown, rows: readonly number[], items: readonly Item[]): Output[];
  /** Splits an item into parts of at most that many rows, in order. */
  divide(item: Item, maxRows: number): Item[];
  join(outputs: readonly Output[]): Output;
}

/** The queue entries of a call's item, in parts that fit a run. */
export interface ReadItem<Item> {
  readonly rows: number;
  readonly key: string;
  readonly width: number;
  readonly parts: readonly Item[];
}

/** @throws InputError if the item cannot be batched. */
export function readItem<Item>(
  codec: BatchCodec<Item, unknown>,
  item: Item,
  maxRows = Infinity,
): ReadItem<Item> {
  const rows = codec.rows(item);
  if (rows === 0) throw new BatchInputError('The item has no rows', 'send at least one row');
  const key = codec.key(item);
  const parts = rows > maxRows ? codec.divide(item, maxRows) : [item];
  return { rows, key, width: codec.width?.(item) ?? 1, parts };
}
