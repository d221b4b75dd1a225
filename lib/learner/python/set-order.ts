import type { Context } from './context.js';
import { SetValue, type Key, type Value } from './values.js';

/**
 * Places that CPython's table has at least for so many items: a power of two, and never full by more
 * than three fifths.
 */
function placesFor(size: number): number {
  let places = 8;
  while ((places - 1) * 3 <= 5 * size) places *= 2;
  return places;
}

/** Whether an item lies at the place of its own number: an int is its own hash. */
const liesAt = (key: Key, places: number): key is number =>
  typeof key === 'number' && Number.isInteger(key) && key >= 0 && key < places;

/**
 * An item goes. One that may have pushed others from their places leaves them where they are, so that
 * their order is not known from what is left.
 */
export function forget(set: SetValue, key: Key): void {
  const places = placesFor(set.entries.size);
  if (!set.entries.delete(key)) return;
  set.holed = true;
  if (!liesAt(key, places)) set.shuffled = true;
}

/** A new item comes: where another one was, it finds no place of its own. */
export function added(set: SetValue): void {
  if (set.holed) set.shuffled = true;
}

/** What was made of others by taking items out of them. */
export function takenFrom(set: SetValue, others: readonly SetValue[]): void {
  const places = Math.min(...others.map(({ entries }) => placesFor(entries.size)));
  for (const { entries, shuffled, holed } of others) {
    if (shuffled || (holed && set.entries.size > entries.size)) set.shuffled = true;
    for (const key of entries.keys()) {
      if (set.entries.has(key)) continue;
      set.holed = true;
      if (!liesAt(key, places)) set.shuffled = true;
    }
    if (holed) set.holed = true;
  }
}

/**
 * The items as Python gives them: by their hashes. Those of small ints are their values; those of
 * texts differ from process to process, and those of other objects with where they lie in memory.
 */
export function inOrder(ctx: Context, set: SetValue): readonly Value[] {
  const { entries } = set;
  if (entries.size < 2) return [...entries.values()];
  const places = placesFor(entries.size);
  ctx.budget.step(entries.size);
  const keys: number[] = [];
  for (const key of entries.keys()) {
    if (set.shuffled || !liesAt(key, places)) {
      throw ctx.unsupported(
        'the order of a set is that of hashes, which differs from process to process or is not ' +
          'known here; sorted(...) or a list has one',
      );
    }
    keys.push(key);
  }
  return keys.sort((a, b) => a - b).map((key) => entries.get(key)!);
}

/** The items, where their order does not show. */
export function inAnyOrder(ctx: Context, value: Value): Iterable<Value> {
  if (!(value instanceof SetValue)) return ctx.iterate(value);
  ctx.budget.step(value.entries.size);
  return value.entries.values();
}

/** The same for what ranks them, or adds ints: objects may be neither more nor less than others. */
export function toRank(ctx: Context, value: Value, { ints = false } = {}): Iterable<Value> {
  if (!(value instanceof SetValue)) return ctx.iterate(value);
  const items = [...value.entries.values()];
  const isInt = (item: Value) => typeof item === 'bigint' || typeof item === 'boolean';
  const plain = ints
    ? items.every(isInt)
    : items.every((item) => typeof item === 'string') ||
      items.every((item) => isInt(item) || (typeof item === 'number' && !Number.isNaN(item)));
  return plain ? inAnyOrder(ctx, value) : ctx.iterate(value);
}
