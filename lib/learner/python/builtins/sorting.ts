import type { Context } from '../context.js';
import { compareStrings } from '../str.js';
import { SetValue, type Value } from '../values.js';

/** `sorted(items, key=key, reverse=reverse)`: stable, also in reverse. */
export function sortItems(
  ctx: Context,
  items: readonly Value[],
  key: Value,
  reverse: boolean,
): Value[] {
  const { length } = items;
  ctx.budget.charge(length);
  ctx.budget.step(length * Math.max(1, Math.ceil(Math.log2(length + 1))));
  const pairs = items.map((item) => ({ item, key: key === null ? item : ctx.call(key, [item]) }));
  const compare = comparison(
    ctx,
    pairs.map((pair) => pair.key),
  );
  if (reverse) pairs.reverse();
  pairs.sort((a, b) => compare(a.key, b.key));
  if (reverse) pairs.reverse();
  return pairs.map(({ item }) => item);
}

function comparison(ctx: Context, keys: readonly Value[]): (a: Value, b: Value) => number {
  if (keys.every((key) => typeof key === 'string')) {
    return (a, b) => compareStrings(a as string, b as string);
  }
  const numeric = keys.every((key) => typeof key === 'bigint' || typeof key === 'number');
  // If `<` is not an order, the result depends on Python's sort algorithm.
  if (keys.some((key) => Number.isNaN(key) || key instanceof SetValue)) {
    throw ctx.unsupported('sorting values without an order (NaN, sets) is not supported');
  }
  if (numeric) {
    return (a, b) => ((a as number) < (b as number) ? -1 : (a as number) > (b as number) ? 1 : 0);
  }
  const less = (a: Value, b: Value): boolean => ctx.truth(ctx.compare('<', a, b));
  return (a, b) => (less(a, b) ? -1 : less(b, a) ? 1 : 0);
}
