import { method } from '../../../python/builtins/define.js';
import type { Context } from '../../../python/context.js';
import { TYPES } from '../../../python/types.js';
import {
  Builtin,
  ClassValue,
  Instance,
  List,
  MethodWrapper,
  Tuple,
  type Value,
} from '../../../python/values.js';
import { listified } from './helpers.js';

/** fastcore's `L`: a list with more methods. */
const L: ClassValue = new ClassValue('L', 'fastcore.foundation.L', [TYPES.list], [], {
  construct: (ctx, cls, args, kwargs) => {
    const items = args.length > 1 ? new Tuple([...args]) : (args[0] ?? kwargs.get('items') ?? null);
    return made(ctx, listified(ctx, items), cls);
  },
});

function made(ctx: Context, items: Value[], cls = L): Instance {
  ctx.budget.charge(items.length);
  const instance = new Instance(cls);
  instance.payload = new List(items);
  return instance;
}

const itemsOf = (ctx: Context, self: Value): Value[] => [...ctx.iterate(self)];

function called(ctx: Context, func: Value, item: Value): Value {
  return ctx.call(func, [item]);
}

const METHODS: readonly Builtin[] = [
  method('map', 'f, *args, **', (ctx, self, given) =>
    made(
      ctx,
      itemsOf(ctx, self).map((item) => {
        const names = [...given.kwargs].filter(([name]) => name !== 'f');
        return ctx.call(given.get('f'), [item, ...given.rest], new Map(names));
      }),
    ),
  ),
  method('filter', 'f=, negate=, **', (ctx, self, given) => {
    const negate = given.truth('negate', false);
    const func = given.get('f');
    return made(
      ctx,
      itemsOf(ctx, self).filter(
        (item) => ctx.truth(func === null ? item : called(ctx, func, item)) !== negate,
      ),
    );
  }),
  method('argwhere', 'f, negate=, **', (ctx, self, given) => {
    const negate = given.truth('negate', false);
    return made(
      ctx,
      itemsOf(ctx, self).flatMap((item, i) =>
        ctx.truth(called(ctx, given.get('f'), item)) !== negate ? [BigInt(i)] : [],
      ),
    );
  }),
  method('itemgot', '*idxs', (ctx, self, given) =>
    made(
      ctx,
      itemsOf(ctx, self).map((item) =>
        given.rest.reduce((value, key) => ctx.getItem(value, key), item),
      ),
    ),
  ),
  method('attrgot', 'k, default=', (ctx, self, given) =>
    made(
      ctx,
      itemsOf(ctx, self).map((item) => ctx.findAttr(item, given.str('k')) ?? given.get('default')),
    ),
  ),
  method('starmap', 'f, *args, **', (ctx, self, given) =>
    made(
      ctx,
      itemsOf(ctx, self).map((item) =>
        ctx.call(given.get('f'), [...ctx.iterate(item), ...given.rest]),
      ),
    ),
  ),
  method('zip', 'cycled=', (ctx, self, given) => {
    if (given.truth('cycled', false)) throw ctx.unsupported('L.zip(cycled=True)');
    const rows = itemsOf(ctx, self).map((item) => [...ctx.iterate(item)]);
    const count = rows.length === 0 ? 0 : Math.min(...rows.map((row) => row.length));
    return made(
      ctx,
      Array.from({ length: count }, (_, i) => new Tuple(rows.map((row) => row[i]!))),
    );
  }),
  method('concat', '', (ctx, self) =>
    made(
      ctx,
      itemsOf(ctx, self).flatMap((item) => listified(ctx, item)),
    ),
  ),
  method('unique', 'sort=, bidir=, start=', (ctx, self, given) => {
    if (given.truth('bidir', false) || given.raw('start'))
      throw ctx.unsupported('L.unique by position');
    const seen = new Map<unknown, Value>();
    for (const item of ctx.iterate(self)) {
      const key = ctx.keyOf(item);
      if (!seen.has(key)) seen.set(key, item);
    }
    const result = made(ctx, [...seen.values()]);
    return given.truth('sort', false) ? ctx.call(ctx.getAttr(result, 'sorted'), []) : result;
  }),
  method('sorted', 'key=, reverse=, **', (ctx, self, given) => {
    const sorted = ctx.call(
      ctx.resolve('builtins.sorted') ?? null,
      [new List(itemsOf(ctx, self))],
      new Map<string, Value>([
        ['key', given.get('key')],
        ['reverse', given.raw('reverse') ?? false],
      ]),
    );
    return made(ctx, [...ctx.iterate(sorted)]);
  }),
  method('enumerate', '', (ctx, self) =>
    made(
      ctx,
      itemsOf(ctx, self).map((item, i) => new Tuple([BigInt(i), item])),
    ),
  ),
  method('reduce', 'f, initial=', (ctx, self, given) => {
    const items = itemsOf(ctx, self);
    const start = given.raw('initial') ?? items.shift();
    if (start === undefined)
      throw ctx.raise('TypeError', 'reduce() of empty iterable with no initial value');
    return items.reduce((value: Value, item) => ctx.call(given.get('f'), [value, item]), start);
  }),
  method('sum', '', (ctx, self) =>
    itemsOf(ctx, self).reduce((total: Value, item) => ctx.binary('+', total, item), 0n),
  ),
  method('product', '', (ctx, self) =>
    itemsOf(ctx, self).reduce((total: Value, item) => ctx.binary('*', total, item), 1n),
  ),
  method('shuffle', '', (ctx) => {
    throw ctx.unsupported('L.shuffle() draws random numbers, so answers differ each time');
  }),
  method('__add__', 'other', (ctx, self, given) =>
    made(ctx, [...itemsOf(ctx, self), ...listified(ctx, given.get('other'))]),
  ),
  method('__radd__', 'other', (ctx, self, given) =>
    made(ctx, [...listified(ctx, given.get('other')), ...itemsOf(ctx, self)]),
  ),
  method('__getitem__', 'idx', (ctx, self, given) => {
    const key = given.get('idx');
    const list = self instanceof Instance ? (self.payload ?? null) : null;
    const several = key instanceof List || key instanceof Tuple;
    if (!several) {
      const item = ctx.getItem(list, key);
      return item instanceof List && typeof key === 'object' ? made(ctx, item.items) : item;
    }
    const mask = key.items.length > 0 && key.items.every((item) => typeof item === 'boolean');
    const places = mask
      ? key.items.flatMap((item, i) => (item === true ? [BigInt(i)] : []))
      : key.items;
    return made(
      ctx,
      places.map((place) => ctx.getItem(list, place)),
    );
  }),
];

for (const one of METHODS) L.attrs.set(one.name, one);
L.attrs.set(
  'range',
  new MethodWrapper(
    'static',
    new Builtin('range', (ctx, [a = null, b = null, step = null]) => {
      const end = b === null && typeof a !== 'bigint' ? ctx.length(a) : b;
      const bounds = typeof a === 'bigint' ? (end === null ? [a] : [a, end]) : [end];
      const args = step === null ? bounds : [...bounds, step];
      return made(ctx, [...ctx.iterate(ctx.call(ctx.resolve('builtins.range') ?? null, args))]);
    }),
  ),
);

export const listClass = L;
