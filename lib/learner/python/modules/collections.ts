import type { Context } from '../context.js';
import { TYPES } from '../types.js';
import { Builtin, ClassValue, Dict, Instance, List, Tuple, type Value } from '../values.js';
import { method, nativeClass, type Given } from '../builtins/define.js';
import { dictOf, put, update } from '../builtins/dict-methods.js';
import { iterator } from '../builtins/iterators.js';
import { sortItems } from '../builtins/sorting.js';
import { asDict } from '../builtins/unwrap.js';
import { DEQUE } from './deque.js';
import { namesOf } from './module-names.js';
import { NAMED_TUPLE_FUNCTION } from './named-tuple.js';

/** A dictionary subclass; classes of the code that derive from it hold one. */
function made(cls: ClassValue, own: ClassValue, fillIn: (dict: Dict) => void): Value {
  const dict = new Dict();
  dict.cls = own;
  fillIn(dict);
  if (cls === own) return dict;
  const instance = new Instance(cls);
  instance.payload = dict;
  return instance;
}

const ORDERED_DICT: ClassValue = nativeClass(
  'collections.OrderedDict',
  [TYPES.dict],
  (ctx, cls, args, kwargs) =>
    made(cls, ORDERED_DICT, (dict) => {
      update(ctx, dict, args[0], kwargs);
    }),
);
ORDERED_DICT.attrs.set(
  'move_to_end',
  method('move_to_end', 'key, last=', (ctx, self, given) => {
    const { entries } = dictOf(ctx, self);
    const hash = ctx.keyOf(given.get('key'));
    const pair = entries.get(hash);
    if (!pair) throw ctx.raise('KeyError', ctx.repr(given.get('key')));
    entries.delete(hash);
    if (given.truth('last', true)) entries.set(hash, pair);
    else {
      ctx.budget.step(entries.size);
      const rest = [...entries];
      entries.clear();
      entries.set(hash, pair);
      for (const [key, value] of rest) entries.set(key, value);
    }
    return null;
  }),
);
ORDERED_DICT.attrs.set(
  '__repr__',
  method('__repr__', '', (ctx, self) => {
    const items = [...dictOf(ctx, self).entries.values()].map((pair) => new Tuple(pair));
    return items.length === 0 ? 'OrderedDict()' : `OrderedDict(${ctx.repr(new List(items))})`;
  }),
);

const DEFAULT_DICT: ClassValue = nativeClass(
  'collections.defaultdict',
  [TYPES.dict],
  (ctx, cls, [factory = null, source], kwargs) =>
    made(cls, DEFAULT_DICT, (dict) => {
      if (factory !== null) dict.factory = factory;
      update(ctx, dict, source, kwargs);
    }),
);

const countOf = (dict: Dict, ctx: Context, key: Value): Value =>
  dict.entries.get(ctx.keyOf(key))?.[1] ?? 0n;

/** Adds counts, or subtracts them if `sign` is -1. */
function tally(ctx: Context, dict: Dict, source: Value | undefined, sign: 1 | -1): void {
  const add = (key: Value, count: Value): void => {
    put(ctx, dict, key, ctx.binary(sign > 0 ? '+' : '-', countOf(dict, ctx, key), count));
  };
  if (source === undefined || source === null) return;
  const counts = asDict(source);
  if (counts) for (const [key, count] of counts.entries.values()) add(key, count);
  else for (const item of ctx.iterate(source)) add(item, 1n);
}

function counter(fillIn: (dict: Dict) => void): Dict {
  const dict = new Dict();
  dict.cls = COUNTER;
  fillIn(dict);
  return dict;
}

function mostCommon(ctx: Context, dict: Dict): Tuple[] {
  const pairs = [...dict.entries.values()].map((pair) => new Tuple(pair));
  const key = new Builtin('count', (_ctx, [pair]) => (pair as Tuple).items[1] ?? null);
  return sortItems(ctx, pairs, key, true) as Tuple[];
}

function tallying(name: 'update' | 'subtract'): Builtin {
  return method(name, '*args, **', (ctx, self, given: Given) => {
    const dict = dictOf(ctx, self);
    tally(ctx, dict, given.rest[0], name === 'update' ? 1 : -1);
    for (const [key, count] of given.kwargs) {
      put(
        ctx,
        dict,
        key,
        ctx.binary(name === 'update' ? '+' : '-', countOf(dict, ctx, key), count),
      );
    }
    return null;
  });
}

/** `a + b` and similar: only counts above zero stay. */
function combining(name: string, combine: (ctx: Context, a: Value, b: Value) => Value): Builtin {
  return method(`__${name}__`, 'other', (ctx, self, given) => {
    const left = dictOf(ctx, self);
    const right = dictOf(ctx, given.get('other'));
    return counter((dict) => {
      const keys = [...left.entries.values(), ...right.entries.values()].map(([key]) => key);
      for (const key of keys) {
        ctx.budget.step();
        if (dict.entries.has(ctx.keyOf(key))) continue;
        const count = combine(ctx, countOf(left, ctx, key), countOf(right, ctx, key));
        if (ctx.truth(ctx.compare('>', count, 0n))) put(ctx, dict, key, count);
      }
    });
  });
}

const COUNTER: ClassValue = nativeClass(
  'collections.Counter',
  [TYPES.dict],
  (ctx, cls, args, kwargs) =>
    made(cls, COUNTER, (dict) => {
      tally(ctx, dict, args[0], 1);
      for (const [key, count] of kwargs) {
        put(ctx, dict, key, ctx.binary('+', countOf(dict, ctx, key), count));
      }
    }),
);
for (const one of [
  tallying('update'),
  tallying('subtract'),
  combining('add', (ctx, a, b) => ctx.binary('+', a, b)),
  combining('sub', (ctx, a, b) => ctx.binary('-', a, b)),
  combining('or', (ctx, a, b) => (ctx.truth(ctx.compare('<', a, b)) ? b : a)),
  combining('and', (ctx, a, b) => (ctx.truth(ctx.compare('<', a, b)) ? a : b)),
  method('__missing__', 'key', () => 0n),
  method('most_common', 'n=', (ctx, self, given) => {
    const all = mostCommon(ctx, dictOf(ctx, self));
    return new List(given.get('n') === null ? all : all.slice(0, Math.max(0, given.count('n'))));
  }),
  method('elements', '', (ctx, self) => {
    const { entries } = dictOf(ctx, self);
    function* elements(): Generator<Value> {
      for (const [key, count] of entries.values()) {
        for (let left = ctx.index(count); left > 0n; left--) {
          ctx.budget.step();
          yield key;
        }
      }
    }
    return iterator('chain', elements());
  }),
  method('total', '', (ctx, self) =>
    [...dictOf(ctx, self).entries.values()].reduce<Value>(
      (sum, [, count]) => ctx.binary('+', sum, count),
      0n,
    ),
  ),
  method('__repr__', '', (ctx, self) => {
    const pairs = mostCommon(ctx, dictOf(ctx, self));
    if (pairs.length === 0) return 'Counter()';
    const items = pairs.map(
      ({ items: [key = null, count = null] }) => `${ctx.repr(key)}: ${ctx.repr(count)}`,
    );
    return `Counter({${items.join(', ')}})`;
  }),
]) {
  COUNTER.attrs.set(one.name, one);
}

export const COLLECTIONS = namesOf([NAMED_TUPLE_FUNCTION], {
  OrderedDict: ORDERED_DICT,
  defaultdict: DEFAULT_DICT,
  Counter: COUNTER,
  deque: DEQUE,
});
