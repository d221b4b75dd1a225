import { SCOPE } from '../budget.js';
import type { Context } from '../context.js';
import { TYPES } from '../types.js';
import {
  Builtin,
  ClassValue,
  Dict,
  Func,
  Instance,
  Tuple,
  type Key,
  type Kwargs,
  type Value,
} from '../values.js';
import { fn, nativeClass, type Given } from '../builtins/define.js';
import { put, update } from '../builtins/dict-methods.js';
import { iter, nextItem } from '../builtins/iterators.js';
import { asDict, asStr } from '../builtins/unwrap.js';
import { namesOf } from './module-names.js';

/** `functools.partial`, also one that the file holds. */
const PARTIAL: ClassValue = nativeClass(
  'functools.partial',
  [TYPES.object],
  (ctx, cls, args, kwargs) => {
    const [func, ...rest] = args;
    if (func === undefined) {
      throw ctx.raise('TypeError', "type 'partial' takes at least one argument");
    }
    return partialOf(ctx, func, rest, kwargs, cls);
  },
  [
    [
      '__call__',
      new Builtin(
        '__call__',
        (ctx, [self = null, ...args], kwargs) => {
          const given = ctx.getAttr(self, 'args');
          const keywords = asDict(ctx.getAttr(self, 'keywords'));
          const all = new Map<string, Value>();
          for (const [key, value] of keywords?.entries.values() ?? [])
            all.set(asStr(key) ?? '', value);
          for (const [key, value] of kwargs) all.set(key, value);
          return ctx.call(ctx.getAttr(self, 'func'), [...ctx.iterate(given), ...args], all);
        },
        true,
      ),
    ],
  ],
);

function partialOf(
  ctx: Context,
  func: Value,
  args: readonly Value[],
  kwargs: Kwargs,
  cls = PARTIAL,
): Instance {
  ctx.budget.charge(SCOPE);
  const made = new Instance(cls);
  const keywords = new Dict();
  // A partial of a partial is a partial of the inner function.
  const inner = func instanceof Instance && func.cls === PARTIAL ? func : undefined;
  if (inner) update(ctx, keywords, inner.attrs.get('keywords'), new Map());
  for (const [key, value] of kwargs) put(ctx, keywords, key, value);
  const before = inner?.attrs.get('args');
  made.attrs.set('func', inner?.attrs.get('func') ?? func);
  made.attrs.set('args', new Tuple([...(before instanceof Tuple ? before.items : []), ...args]));
  made.attrs.set('keywords', keywords);
  return made;
}

const WRAPPED = ['__module__', '__name__', '__qualname__', '__doc__'] as const;

function updateWrapper(ctx: Context, wrapper: Value, wrapped: Value): Value {
  if (!(wrapper instanceof Func)) return wrapper;
  for (const name of WRAPPED) {
    const value = ctx.findAttr(wrapped, name);
    if (value !== undefined) ctx.setAttr(wrapper, name, value);
  }
  if (wrapped instanceof Func)
    for (const [name, value] of wrapped.attrs) wrapper.attrs.set(name, value);
  wrapper.attrs.set('__wrapped__', wrapped);
  return wrapper;
}

/** A function with fixed results gives the same without its cache. */
function cached(_ctx: Context, given: Given): Value {
  const func = given.get('maxsize');
  const plain = func !== null && typeof func === 'object' && !(func instanceof Dict);
  return plain
    ? remembering(func)
    : new Builtin('lru_cache', (_, [wrapped = null]) => remembering(wrapped));
}

/** The most results that are kept. */
const MOST_RESULTS = 10_000;

/**
 * A function that is called once for equal arguments. A value that is not plain, such as a tensor,
 * may belong to one evaluation and is computed again.
 */
function remembering(func: Value): Builtin {
  const known = new Map<Key, Value>();
  return new Builtin(
    func instanceof Func ? func.name : 'lru_cache',
    (ctx, args, kwargs) => {
      if (kwargs.size > 0 || args.some((arg) => typeof arg === 'object' && arg !== null)) {
        return ctx.call(func, args, kwargs);
      }
      // `f(1)` and `f(1.0)` may differ.
      const kinds = args.map((arg) => typeof arg).join();
      const key = ctx.keyOf(new Tuple([kinds, ...args]));
      const before = known.get(key);
      if (before !== undefined) return before;
      const result = ctx.call(func, args, kwargs);
      if (typeof result !== 'object' || result === null) {
        if (known.size >= MOST_RESULTS) known.clear();
        ctx.budget.charge(10);
        known.set(key, result);
      }
      return result;
    },
    true,
  );
}

/** `cached_property`: a descriptor that stores its result in the object. */
const CACHED_PROPERTY = nativeClass(
  'functools.cached_property',
  [TYPES.object],
  (_ctx, cls, [func = null]) => {
    const made = new Instance(cls);
    made.attrs.set('func', func);
    made.attrs.set('attrname', null);
    return made;
  },
  [
    [
      '__set_name__',
      new Builtin(
        '__set_name__',
        (_ctx, [self, _owner, name = null]) => {
          if (self instanceof Instance) self.attrs.set('attrname', name);
          return null;
        },
        true,
      ),
    ],
    [
      '__get__',
      new Builtin(
        '__get__',
        (ctx, [self = null, object = null]) => {
          if (object === null) return self;
          const value = ctx.call(ctx.getAttr(self, 'func'), [object]);
          const name = asStr(ctx.getAttr(self, 'attrname'));
          if (object instanceof Instance && name !== undefined) {
            ctx.budget.charge(1);
            object.attrs.set(name, value);
          }
          return value;
        },
        true,
      ),
    ],
  ],
);

/** `cmp_to_key(compare)`: keys that a function compares. */
function comparisonKey(ctx: Context, compare: Value): Value {
  const less = (name: string, passes: (result: Value) => boolean): [string, Value] => [
    name,
    new Builtin(
      name,
      (_ctx, [self, other]) =>
        passes(
          ctx.call(compare, [
            (self as Instance).attrs.get('obj') ?? null,
            (other as Instance).attrs.get('obj') ?? null,
          ]),
        ),
      true,
    ),
  ];
  const cls = new ClassValue(
    'K',
    'functools.K',
    [TYPES.object],
    [
      less('__lt__', (result) => ctx.truth(ctx.compare('<', result, 0n))),
      less('__gt__', (result) => ctx.truth(ctx.compare('>', result, 0n))),
      less('__eq__', (result) => ctx.truth(ctx.compare('==', result, 0n))),
      less('__le__', (result) => ctx.truth(ctx.compare('<=', result, 0n))),
      less('__ge__', (result) => ctx.truth(ctx.compare('>=', result, 0n))),
    ],
  );
  return new Builtin('cmp_to_key', (_ctx, [object = null]) => {
    const key = new Instance(cls);
    key.attrs.set('obj', object);
    return key;
  });
}

const ORDERS = ['__lt__', '__le__', '__gt__', '__ge__'] as const;

/**
 * Each comparison, in terms of the one that a class defines: negated, swapped, and whether equal
 * values count.
 */
function totalOrdering(ctx: Context, cls: Value): Value {
  if (!(cls instanceof ClassValue)) throw ctx.raise('TypeError', 'total_ordering() needs a class');
  // Python prefers them in this order.
  const root = (['__lt__', '__le__', '__gt__', '__ge__'] as const).find((name) =>
    cls.attrs.has(name),
  );
  if (!root) {
    throw ctx.raise('ValueError', 'must define at least one ordering operation: < > <= >=');
  }
  const own = cls.attrs.get(root) as Value;
  const forward = root === '__lt__' || root === '__le__';
  const strict = root === '__lt__' || root === '__gt__';
  for (const name of ORDERS) {
    if (cls.attrs.has(name)) continue;
    const sameWay = (name === '__lt__' || name === '__le__') === forward;
    const wantsStrict = name === '__lt__' || name === '__gt__';
    cls.attrs.set(
      name,
      new Builtin(
        name,
        (inner, [self = null, other = null]) => {
          const holds = inner.truth(inner.call(own, [self, other]));
          const equal = (): boolean => inner.equal(self, other);
          if (sameWay) return strict ? holds || (!wantsStrict && equal()) : holds && !equal();
          if (strict) return wantsStrict ? !holds && !equal() : !holds;
          return wantsStrict ? !holds : !holds || equal();
        },
        true,
      ),
    );
  }
  return cls;
}

export const FUNCTOOLS = namesOf(
  [
    fn('reduce', 'function, iterable, initial=', (ctx, given) => {
      const items = iter(ctx, given.get('iterable'));
      let total = given.raw('initial') ?? nextItem(ctx, items);
      if (total === undefined) {
        throw ctx.raise('TypeError', 'reduce() of empty iterable with no initial value');
      }
      for (let item = nextItem(ctx, items); item !== undefined; item = nextItem(ctx, items)) {
        total = ctx.call(given.get('function'), [total, item]);
      }
      return total;
    }),
    fn('wraps', 'wrapped, assigned=, updated=', (_ctx, given) => {
      const wrapped = given.get('wrapped');
      return new Builtin('wraps', (ctx, [wrapper = null]) => updateWrapper(ctx, wrapper, wrapped));
    }),
    fn('update_wrapper', 'wrapper, wrapped, assigned=, updated=', (ctx, given) =>
      updateWrapper(ctx, given.get('wrapper'), given.get('wrapped')),
    ),
    fn('lru_cache', 'maxsize=, typed=', cached),
    fn('cache', 'user_function', (_ctx, given) => remembering(given.get('user_function'))),
    fn('cmp_to_key', 'mycmp', (ctx, given) => comparisonKey(ctx, given.get('mycmp'))),
    fn('total_ordering', 'cls', (ctx, given) => totalOrdering(ctx, given.get('cls'))),
  ],
  { partial: PARTIAL, cached_property: CACHED_PROPERTY },
);
