import type { Context } from '../context.js';
import { TYPES } from '../types.js';
import { Instance, List, Range, type Builtin, type Value } from '../values.js';
import { attribute, fill, method, typeName } from './define.js';
import { ASSIGNED, comparisons, CONTAINER, INDEXED, operators, TEXTS } from './dunders.js';
import { iterator } from './iterators.js';
import { sortItems } from './sorting.js';
import { asList, asTuple, plainOf } from './unwrap.js';

function listOf(ctx: Context, self: Value): List {
  const list = asList(self);
  if (!list) throw ctx.raise('TypeError', `a list is needed, not ${typeName(self)}`);
  return list;
}

function same(ctx: Context, a: Value, b: Value): boolean {
  ctx.budget.step();
  return a === b || ctx.equal(a, b);
}

/** `items.index(value, start, end)`. */
function index(): Builtin {
  return method('index', 'value, start=, stop=', (ctx, self, given) => {
    const items = itemsOf(ctx, self);
    const place = (name: string, absent: number): number => {
      const at = given.count(name, absent);
      return at < 0 ? Math.max(0, at + items.length) : at;
    };
    const value = given.get('value');
    const stop = place('stop', items.length);
    for (let at = place('start', 0); at < Math.min(stop, items.length); at++) {
      if (same(ctx, items[at] ?? null, value)) return BigInt(at);
    }
    throw ctx.raise('ValueError', `${ctx.repr(value)} is not in ${typeName(plainOf(self))}`);
  });
}

function itemsOf(ctx: Context, self: Value): readonly Value[] {
  const items = asList(self)?.items ?? asTuple(self)?.items;
  if (!items) throw ctx.raise('TypeError', `a list is needed, not ${typeName(self)}`);
  return items;
}

const COUNT = method('count', 'value', (ctx, self, given) => {
  const value = given.get('value');
  return BigInt(itemsOf(ctx, self).filter((item) => same(ctx, item, value)).length);
});

function place(list: List, given: number): number {
  return given < 0 ? Math.max(0, given + list.items.length) : Math.min(given, list.items.length);
}

/** Appends the items of an iterable to a list. */
export function extend(ctx: Context, list: List, values: Value): void {
  // A list that is added to itself does not grow while it is read.
  const added = values === list ? [...list.items] : ctx.iterate(values);
  for (const item of added) {
    ctx.budget.charge(1);
    list.items.push(item);
  }
}

const LIST: readonly Builtin[] = [
  method('append', 'object', (ctx, self, given) => {
    ctx.budget.charge(1);
    listOf(ctx, self).items.push(given.get('object'));
    return null;
  }),
  method('extend', 'iterable', (ctx, self, given) => {
    extend(ctx, listOf(ctx, self), given.get('iterable'));
    return null;
  }),
  method('insert', 'index, object', (ctx, self, given) => {
    const list = listOf(ctx, self);
    ctx.budget.charge(1);
    ctx.budget.step(1 + list.items.length / 64);
    list.items.splice(place(list, given.count('index')), 0, given.get('object'));
    return null;
  }),
  method('remove', 'value', (ctx, self, given) => {
    const { items } = listOf(ctx, self);
    const at = items.findIndex((item) => same(ctx, item, given.get('value')));
    if (at < 0) throw ctx.raise('ValueError', 'list.remove(x): x not in list');
    items.splice(at, 1);
    return null;
  }),
  method('pop', 'index=', (ctx, self, given) => {
    const { items } = listOf(ctx, self);
    const wanted = given.count('index', -1);
    const at = wanted < 0 ? wanted + items.length : wanted;
    if (items.length === 0) throw ctx.raise('IndexError', 'pop from empty list');
    if (at < 0 || at >= items.length) throw ctx.raise('IndexError', 'pop index out of range');
    ctx.budget.step(1 + (items.length - at) / 64);
    return items.splice(at, 1)[0] ?? null;
  }),
  method('clear', '', (ctx, self) => {
    listOf(ctx, self).items.length = 0;
    return null;
  }),
  method('copy', '', (ctx, self) => {
    const { items } = listOf(ctx, self);
    ctx.budget.charge(items.length);
    return new List([...items]);
  }),
  method('reverse', '', (ctx, self) => {
    const { items } = listOf(ctx, self);
    ctx.budget.step(items.length);
    items.reverse();
    return null;
  }),
  method('sort', '*, key=, reverse=', (ctx, self, given) => {
    const { items } = listOf(ctx, self);
    const sorted = sortItems(ctx, items, given.get('key'), given.truth('reverse', false));
    items.splice(0, items.length);
    for (const item of sorted) items.push(item);
    return null;
  }),
  method('__init__', 'iterable=', (ctx, self, given) => {
    const list = new List();
    if (given.raw('iterable') !== undefined) extend(ctx, list, given.get('iterable'));
    if (self instanceof Instance) self.payload = list;
    return null;
  }),
  method('__reversed__', '', (ctx, self) =>
    iterator('reversed', [...listOf(ctx, self).items].reverse().values()),
  ),
];

const RANGE: readonly Builtin[] = [
  method('count', 'value', (_ctx, self, given) =>
    BigInt(rangeIndex(self as Range, given.get('value')) >= 0n),
  ),
  method('index', 'value', (ctx, self, given) => {
    const at = rangeIndex(self as Range, given.get('value'));
    if (at < 0n) throw ctx.raise('ValueError', `${ctx.repr(given.get('value'))} is not in range`);
    return at;
  }),
];

/** The index of a number in a range; -1 if the range does not contain it. */
function rangeIndex({ start, step, length }: Range, value: Value): bigint {
  const wanted =
    typeof value === 'number' && Number.isInteger(value)
      ? BigInt(value)
      : typeof value === 'boolean'
        ? BigInt(value)
        : value;
  if (typeof wanted !== 'bigint' || (wanted - start) % step !== 0n) return -1n;
  const at = (wanted - start) / step;
  return at >= 0n && at < length ? at : -1n;
}

export function fillSequences(): void {
  fill(TYPES.list, [
    ...LIST,
    index(),
    COUNT,
    ...CONTAINER,
    ...INDEXED,
    ...ASSIGNED,
    ...TEXTS,
    ...comparisons(),
    ...operators(['add', 'mul']),
  ]);
  fill(TYPES.tuple, [
    index(),
    COUNT,
    ...CONTAINER,
    ...INDEXED,
    ...TEXTS,
    ...comparisons(),
    ...operators(['add', 'mul']),
  ]);
  fill(TYPES.range, [...RANGE, ...CONTAINER, ...INDEXED, ...TEXTS, ...comparisons(['eq', 'ne'])]);
  for (const name of ['start', 'stop', 'step'] as const) {
    TYPES.range.attrs.set(
      name,
      attribute(name, (self) => (self as Range)[name]),
    );
  }
}
