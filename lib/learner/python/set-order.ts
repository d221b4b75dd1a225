import type { Context } from './context.js';
import { SetValue, type Key, type Value } from './values.js';

/**
 * The least slots of CPython's table for that many items: a power of two, never more than three
 * fifths full.
 */
function placesFor(size: number): number {
  let places = 8;
  while ((places - 1) * 3 <= 5 * size) places *= 2;
  return places;
}

/** Whether an item is in the slot of its own number: an int is its own hash. */
const liesAt = (key: Key, places: number): key is number =>
  typeof key === 'number' && Number.isInteger(key) && key >= 0 && key < places;

/**
 * Removes an item. An item that may have displaced others leaves them where they are, so the rest
 * no longer determines their order.
 */
export function forget(set: SetValue, key: Key): void {
  const places = placesFor(set.entries.size);
  if (!set.entries.delete(key)) return;
  set.holed = true;
  if (!liesAt(key, places)) set.shuffled = true;
}

/** Adds an item: it cannot use the slot of a removed item. */
export function added(set: SetValue): void {
  if (set.holed) set.shuffled = true;
}

/** A set made from other sets by removing items. */
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
 * The items in Python's order: by their hashes. The hash of a small int is its value; hashes of
 * texts differ between processes, and hashes of other objects depend on their memory address.
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
        'the order of a set depends on hashes, which differ between processes or are not ' +
          'supported; use sorted(...) or a list',
      );
    }
    keys.push(key);
  }
  return keys.sort((a, b) => a - b).map((key) => entries.get(key)!);
}

/** The items, for uses that do not depend on their order. */
export function inAnyOrder(ctx: Context, value: Value): Iterable<Value> {
  if (!(value instanceof SetValue)) return ctx.iterate(value);
  ctx.budget.step(value.entries.size);
  return value.entries.values();
}

/**
 * Like the above, for uses that rank the items or add ints: objects may be neither less nor greater
 * than others.
 */
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
