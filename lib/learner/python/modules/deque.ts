import type { Context } from '../context.js';
import { TYPES } from '../types.js';
import { ClassValue, Instance, List, type Builtin, type Value } from '../values.js';
import { attribute, method, nativeClass, toCount } from '../builtins/define.js';
import { asList } from '../builtins/unwrap.js';

/** The most items of a deque; no limit without an entry. */
const limits = new WeakMap<List, number>();

function dequeOf(ctx: Context, self: Value): List {
  const items = self instanceof List ? self : self instanceof Instance ? self.payload : undefined;
  if (items instanceof List) return items;
  throw ctx.raise('TypeError', 'a deque is needed');
}

function push(ctx: Context, self: Value, values: Iterable<Value>, left: boolean): null {
  const list = dequeOf(ctx, self);
  const limit = limits.get(list) ?? Infinity;
  for (const value of values) {
    ctx.budget.charge(1);
    if (left) {
      list.items.unshift(value);
      if (list.items.length > limit) list.items.pop();
    } else {
      list.items.push(value);
      if (list.items.length > limit) list.items.shift();
    }
    ctx.budget.step(1 + (left ? list.items.length / 64 : 0));
  }
  return null;
}

function pop(name: 'pop' | 'popleft'): Builtin {
  return method(name, '', (ctx, self) => {
    const { items } = dequeOf(ctx, self);
    ctx.budget.step(1 + (name === 'popleft' ? items.length / 64 : 0));
    const item = name === 'pop' ? items.pop() : items.shift();
    if (item === undefined) throw ctx.raise('IndexError', 'pop from an empty deque');
    return item;
  });
}

/** `collections.deque`. */
export const DEQUE: ClassValue = nativeClass(
  'collections.deque',
  [TYPES.object],
  (ctx, cls, [iterable, given], kwargs) => {
    const list = new List([], DEQUE);
    const limit = kwargs.get('maxlen') ?? given ?? null;
    if (limit !== null) {
      const size = toCount(ctx.index(limit));
      if (size < 0) throw ctx.raise('ValueError', 'maxlen must be non-negative');
      limits.set(list, size);
    }
    const source = kwargs.get('iterable') ?? iterable;
    if (source !== undefined) push(ctx, list, ctx.iterate(source), false);
    if (cls === DEQUE) return list;
    const instance = new Instance(cls);
    instance.payload = list;
    return instance;
  },
);

// Methods in common with a list. A slice of a deque is an error in Python.
for (const name of ['insert', 'remove', 'clear', 'reverse', 'index', 'count', '__reversed__']) {
  const shared = TYPES.list.attrs.get(name);
  if (shared !== undefined) DEQUE.attrs.set(name, shared);
}
for (const one of [
  method('append', 'x', (ctx, self, given) => push(ctx, self, [given.get('x')], false)),
  method('appendleft', 'x', (ctx, self, given) => push(ctx, self, [given.get('x')], true)),
  method('extend', 'iterable', (ctx, self, given) =>
    push(ctx, self, [...ctx.iterate(given.get('iterable'))], false),
  ),
  method('extendleft', 'iterable', (ctx, self, given) =>
    push(ctx, self, [...ctx.iterate(given.get('iterable'))], true),
  ),
  pop('pop'),
  pop('popleft'),
  method('rotate', 'n=', (ctx, self, given) => {
    const { items } = dequeOf(ctx, self);
    const { length } = items;
    if (length === 0) return null;
    ctx.budget.step(length);
    const by = Number(((given.int('n', 1n) % BigInt(length)) + BigInt(length)) % BigInt(length));
    items.unshift(...items.splice(length - by));
    return null;
  }),
  method('copy', '', (ctx, self) => {
    const list = dequeOf(ctx, self);
    ctx.budget.charge(list.items.length);
    const copy = new List([...list.items], DEQUE);
    const limit = limits.get(list);
    if (limit !== undefined) limits.set(copy, limit);
    return copy;
  }),
  method('__repr__', '', (ctx, self) => {
    const list = dequeOf(ctx, self);
    const limit = limits.get(list);
    const items = ctx.repr(new List(list.items));
    return `deque(${items}${limit === undefined ? '' : `, maxlen=${limit}`})`;
  }),
]) {
  DEQUE.attrs.set(one.name, one);
}
DEQUE.attrs.set(
  'maxlen',
  attribute('maxlen', (self) => {
    const limit = limits.get(asList(self) ?? (self as List));
    return limit === undefined ? null : BigInt(limit);
  }),
);
