import { ENTRY } from '../budget.js';
import type { Context } from '../context.js';
import { added, forget, inAnyOrder, takenFrom } from '../set-order.js';
import { TYPES } from '../types.js';
import { Instance, SetValue, type Builtin, type Key, type Value } from '../values.js';
import { fill, method, typeName } from './define.js';
import { comparisons, CONTAINER, operators, TEXTS } from './dunders.js';
import { asSet } from './unwrap.js';

function setOf(ctx: Context, self: Value): SetValue {
  const set = asSet(self);
  if (!set) throw ctx.raise('TypeError', `a set is needed, not ${typeName(self)}`);
  return set;
}

/** A set of the items of any iterable. */
function collect(ctx: Context, items: Iterable<Value>, frozen = false): SetValue {
  const set = new SetValue(frozen);
  for (const item of items) add(ctx, set, item);
  return set;
}

function add(ctx: Context, set: SetValue, item: Value): void {
  const key = ctx.keyOf(item);
  if (set.entries.has(key)) return;
  ctx.budget.charge(ENTRY);
  added(set);
  set.entries.set(key, item);
}

/** Adds the items of any iterable to a set. */
export function fillFrom(ctx: Context, set: SetValue, from: Value): void {
  for (const item of inAnyOrder(ctx, from)) add(ctx, set, item);
  if (!(from instanceof SetValue)) return;
  if (from.shuffled) set.shuffled = true;
  if (from.holed) set.holed = true;
}

function copyOf(ctx: Context, set: SetValue): SetValue {
  const copy = new SetValue(set.frozen);
  fillFrom(ctx, copy, set);
  return copy;
}

/** The items of an argument as a set. */
function other(ctx: Context, value: Value): SetValue {
  return asSet(value) ?? collect(ctx, ctx.iterate(value));
}

type Combine = (ctx: Context, left: SetValue, right: SetValue) => Iterable<Value>;

const COMBINATIONS: Readonly<Record<string, Combine>> = {
  union: (_ctx, left, right) => [...left.entries.values(), ...right.entries.values()],
  intersection: (_ctx, left, right) => only(left, (key) => right.entries.has(key)),
  difference: (_ctx, left, right) => only(left, (key) => !right.entries.has(key)),
  symmetric_difference: (_ctx, left, right) => [
    ...only(left, (key) => !right.entries.has(key)),
    ...only(right, (key) => !left.entries.has(key)),
  ],
};

function only({ entries }: SetValue, wanted: (key: Key) => boolean): Value[] {
  return [...entries].filter(([key]) => wanted(key)).map(([, value]) => value);
}

/** `left.union(right)` and similar; the result has the kind of `left`. */
function combine(
  ctx: Context,
  name: 'union' | 'intersection' | 'difference' | 'symmetric_difference',
  left: SetValue,
  right: SetValue,
): SetValue {
  ctx.budget.step(left.entries.size + right.entries.size);
  const set = collect(ctx, (COMBINATIONS[name] as Combine)(ctx, left, right), left.frozen);
  // The intersection is a new set.
  if (name !== 'intersection') takenFrom(set, name === 'difference' ? [left] : [left, right]);
  return set;
}

function combination(
  name: 'union' | 'intersection' | 'difference' | 'symmetric_difference',
): Builtin[] {
  const all = (ctx: Context, self: SetValue, rest: readonly Value[]): SetValue => {
    let result = copyOf(ctx, self);
    for (const value of rest) result = combine(ctx, name, result, other(ctx, value));
    return result;
  };
  const inPlace = name === 'union' ? 'update' : `${name}_update`;
  return [
    method(name, '*args', (ctx, self, given) => all(ctx, setOf(ctx, self), given.rest)),
    method(inPlace, '*args', (ctx, self, given) => {
      const set = setOf(ctx, self);
      const result = all(ctx, set, given.rest);
      set.replace(result);
      return null;
    }),
  ];
}

/** Whether all items of `left` are in `right`. */
function isSubset(ctx: Context, left: SetValue, right: SetValue): boolean {
  ctx.budget.step(left.entries.size);
  for (const key of left.entries.keys()) if (!right.entries.has(key)) return false;
  return true;
}

const SHARED: readonly Builtin[] = [
  ...(['union', 'intersection', 'difference', 'symmetric_difference'] as const).flatMap(
    combination,
  ),
  method('isdisjoint', 'other', (ctx, self, given) => {
    const { entries } = setOf(ctx, self);
    ctx.budget.step(entries.size);
    return ![...other(ctx, given.get('other')).entries.keys()].some((key) => entries.has(key));
  }),
  method('issubset', 'other', (ctx, self, given) =>
    isSubset(ctx, setOf(ctx, self), other(ctx, given.get('other'))),
  ),
  method('issuperset', 'other', (ctx, self, given) =>
    isSubset(ctx, other(ctx, given.get('other')), setOf(ctx, self)),
  ),
  method('copy', '', (ctx, self) => {
    const set = setOf(ctx, self);
    return copyOf(ctx, set);
  }),
  ...CONTAINER.filter(({ name }) => name !== '__contains__'),
  method('__contains__', 'item', (ctx, self, given) =>
    setOf(ctx, self).entries.has(ctx.keyOf(given.get('item'))),
  ),
  ...TEXTS,
  ...comparisons(),
  ...operators(['and', 'or', 'xor', 'sub']),
];

const MUTABLE: readonly Builtin[] = [
  method('add', 'item', (ctx, self, given) => {
    add(ctx, setOf(ctx, self), given.get('item'));
    return null;
  }),
  method('discard', 'item', (ctx, self, given) => {
    forget(setOf(ctx, self), ctx.keyOf(given.get('item')));
    return null;
  }),
  method('remove', 'item', (ctx, self, given) => {
    const item = given.get('item');
    const [set, key] = [setOf(ctx, self), ctx.keyOf(item)];
    if (!set.entries.has(key)) throw ctx.raise('KeyError', ctx.repr(item));
    forget(set, key);
    return null;
  }),
  method('pop', '', (ctx, self) => {
    const set = setOf(ctx, self);
    const { entries } = set;
    const first = entries.entries().next();
    if (first.done === true) throw ctx.raise('KeyError', "'pop from an empty set'");
    // The popped item depends on Python's hash table.
    if (entries.size > 1)
      throw ctx.unsupported('set.pop() on a set of several items is not supported');
    forget(set, first.value[0]);
    return first.value[1];
  }),
  method('clear', '', (ctx, self) => {
    setOf(ctx, self).replace(new SetValue());
    return null;
  }),
  method('__init__', 'iterable=', (ctx, self, given) => {
    const from = given.raw('iterable');
    const set = new SetValue();
    if (from !== undefined) fillFrom(ctx, set, from);
    if (self instanceof Instance) self.payload = set;
    return null;
  }),
];

export function fillSets(): void {
  const inPlace = /(?:^|_)update$/;
  fill(TYPES.set, [...SHARED, ...MUTABLE]);
  fill(
    TYPES.frozenset,
    SHARED.filter(({ name }) => !inPlace.test(name)),
  );
}
