import { SCOPE, TUPLE } from '../budget.js';
import type { Context } from '../context.js';
import { TYPES } from '../types.js';
import { Builtin, MethodWrapper, PyIterator, Tuple, type Value } from '../values.js';
import { fn, nativeClass, toCount, type Given } from '../builtins/define.js';
import { iter, iterator, nextItem } from '../builtins/iterators.js';
import { namesOf } from './module-names.js';

/** A function that makes an iterator from a JavaScript generator. */
function lazy(
  name: string,
  parameters: string,
  make: (ctx: Context, given: Given) => Iterator<Value>,
): Builtin {
  return fn(name, parameters, (ctx, given) => iterator(name, charged(ctx, make(ctx, given))));
}

function* charged(ctx: Context, items: Iterator<Value>): Generator<Value> {
  for (let next = items.next(); next.done !== true; next = items.next()) {
    ctx.budget.step();
    yield next.value;
  }
}

const tuple = (ctx: Context, items: readonly Value[]): Tuple => {
  ctx.budget.charge(TUPLE + items.length);
  return new Tuple(items);
};

function* chain(ctx: Context, parts: Iterable<Value>): Generator<Value> {
  for (const part of parts) yield* ctx.iterate(part);
}

function* count(ctx: Context, start: Value, step: Value): Generator<Value> {
  for (let value = start; ; value = ctx.binary('+', value, step)) yield value;
}

function* cycle(ctx: Context, items: Value): Generator<Value> {
  const seen: Value[] = [];
  for (const item of ctx.iterate(items)) {
    ctx.budget.charge(1);
    seen.push(item);
    yield item;
  }
  while (seen.length > 0) yield* seen;
}

function* islice(ctx: Context, given: Given): Generator<Value> {
  const bounds = given.rest.map((value) =>
    value === null ? undefined : toCount(ctx.index(value)),
  );
  const [start = 0, stop, step = 1] =
    bounds.length === 1 ? [0, bounds[0], 1] : [bounds[0], bounds[1], bounds[2]];
  if (start < 0 || (stop ?? 0) < 0 || step < 1) {
    throw ctx.raise(
      'ValueError',
      'Indices for islice() must be None or an integer: 0 <= x <= sys.maxsize.',
    );
  }
  const items = iter(ctx, given.get('iterable'));
  let wanted = start;
  for (let at = 0; ; at++) {
    if (stop !== undefined && at >= stop) return;
    const item = nextItem(ctx, items);
    if (item === undefined) return;
    if (at === wanted) {
      yield item;
      wanted += step;
    }
  }
}

function* zipLongest(ctx: Context, given: Given): Generator<Value> {
  const parts: (Value | undefined)[] = given.rest.map((value) => iter(ctx, value));
  for (;;) {
    const items = parts.map((part, at) => {
      const item = part === undefined ? undefined : nextItem(ctx, part);
      if (item === undefined) parts[at] = undefined;
      return item;
    });
    if (parts.every((part) => part === undefined)) return;
    yield tuple(
      ctx,
      items.map((item) => (item === undefined ? given.get('fillvalue') : item)),
    );
  }
}

function* product(ctx: Context, given: Given): Generator<Value> {
  const once = given.rest.map((value) => [...ctx.iterate(value)]);
  const repeat = given.count('repeat', 1);
  ctx.budget.charge(once.length * Math.max(repeat, 0));
  const pools = Array.from({ length: Math.max(repeat, 0) }, () => once).flat();
  if (pools.some((pool) => pool.length === 0)) return;
  const places = pools.map(() => 0);
  for (;;) {
    yield tuple(
      ctx,
      pools.map((pool, at) => pool[places[at] as number] as Value),
    );
    let at = pools.length - 1;
    for (; at >= 0; at--) {
      places[at] = (places[at] as number) + 1;
      if ((places[at] as number) < (pools[at] as Value[]).length) break;
      places[at] = 0;
    }
    if (at < 0) return;
  }
}

/**
 * Selections of `size` indexes in lexicographic order; `allowed` says which index may follow the
 * chosen ones.
 */
function* selections(
  ctx: Context,
  pool: readonly Value[],
  size: number,
  allowed: (chosen: readonly number[], place: number) => boolean,
): Generator<Value> {
  const chosen: number[] = [];
  let place = 0;
  for (;;) {
    ctx.budget.step();
    if (chosen.length === size) {
      yield tuple(
        ctx,
        chosen.map((at) => pool[at] as Value),
      );
    } else {
      while (place < pool.length && !allowed(chosen, place)) {
        // `allowed` may look at all that are chosen.
        ctx.budget.step(1 + (chosen.length >> 4));
        place++;
      }
      if (place < pool.length) {
        chosen.push(place);
        place = 0;
        continue;
      }
    }
    const last = chosen.pop();
    if (last === undefined) return;
    place = last + 1;
  }
}

function selecting(
  name: string,
  parameters: string,
  allowed: (chosen: readonly number[], place: number) => boolean,
  more: boolean,
): Builtin {
  return lazy(name, parameters, (ctx, given) => {
    const pool = [...ctx.iterate(given.get('iterable'))];
    const size = given.get('r') === null ? pool.length : given.count('r');
    if (size < 0) throw ctx.raise('ValueError', 'r must be non-negative');
    if (!more && size > pool.length) return [][Symbol.iterator]();
    return selections(ctx, pool, size, allowed);
  });
}

function* accumulate(ctx: Context, given: Given): Generator<Value> {
  const func = given.get('func');
  let total: Value | undefined = given.get('initial') ?? undefined;
  if (total !== undefined) yield total;
  for (const item of ctx.iterate(given.get('iterable'))) {
    total =
      total === undefined
        ? item
        : func === null
          ? ctx.binary('+', total, item)
          : ctx.call(func, [total, item]);
    yield total;
  }
}

function groupBy(ctx: Context, given: Given): PyIterator {
  const items = iter(ctx, given.get('iterable'));
  const key = given.get('key');
  let ahead: { readonly key: Value; readonly item: Value } | undefined;
  let current = 0;
  const advance = (): void => {
    const item = nextItem(ctx, items);
    ahead =
      item === undefined ? undefined : { item, key: key === null ? item : ctx.call(key, [item]) };
  };
  let started = false;
  let last: Value | undefined;
  return new PyIterator('groupby', () => {
    if (!started) {
      started = true;
      advance();
    } else while (ahead && last !== undefined && ctx.equal(ahead.key, last)) advance();
    if (!ahead) return undefined;
    const group = ++current;
    const wanted = ahead.key;
    last = wanted;
    const members = new PyIterator('_grouper', () => {
      if (group !== current || !ahead || !ctx.equal(ahead.key, wanted)) return undefined;
      const { item } = ahead;
      advance();
      return item;
    });
    return tuple(ctx, [wanted, members]);
  });
}

function tee(ctx: Context, given: Given): Tuple {
  const items = iter(ctx, given.get('iterable'));
  const seen: Value[] = [];
  const copies = given.count('n', 2);
  if (copies < 0) throw ctx.raise('ValueError', 'n must be >= 0');
  ctx.budget.charge(copies * SCOPE);
  return new Tuple(
    Array.from({ length: copies }, () => {
      let at = 0;
      return new PyIterator('_tee', () => {
        if (at === seen.length) {
          const item = nextItem(ctx, items);
          if (item === undefined) return undefined;
          ctx.budget.charge(1);
          seen.push(item);
        }
        return seen[at++];
      });
    }),
  );
}

function* while_(ctx: Context, given: Given, take: boolean): Generator<Value> {
  let dropping = !take;
  for (const item of ctx.iterate(given.get('iterable'))) {
    if (take || dropping) {
      const passes = ctx.truth(ctx.call(given.get('predicate'), [item]));
      if (take && !passes) return;
      if (dropping && passes) continue;
      dropping = false;
    }
    yield item;
  }
}

function* filterFalse(ctx: Context, given: Given): Generator<Value> {
  const predicate = given.get('predicate');
  for (const item of ctx.iterate(given.get('iterable'))) {
    if (!ctx.truth(predicate === null ? item : ctx.call(predicate, [item]))) yield item;
  }
}

function* pairwise(ctx: Context, items: Value): Generator<Value> {
  let before: Value | undefined;
  for (const item of ctx.iterate(items)) {
    if (before !== undefined) yield tuple(ctx, [before, item]);
    before = item;
  }
}

function* batched(ctx: Context, given: Given): Generator<Value> {
  const size = given.count('n');
  if (size < 1) throw ctx.raise('ValueError', 'n must be at least one');
  let batch: Value[] = [];
  for (const item of ctx.iterate(given.get('iterable'))) {
    batch.push(item);
    if (batch.length === size) {
      yield tuple(ctx, batch);
      batch = [];
    }
  }
  if (batch.length === 0) return;
  if (given.truth('strict', false)) throw ctx.raise('ValueError', 'batched(): incomplete batch');
  yield tuple(ctx, batch);
}

function* repeat(given: Given): Generator<Value> {
  const times = given.raw('times') === undefined ? Infinity : given.count('times');
  for (let at = 0; at < times; at++) yield given.get('object');
}

function* compress(ctx: Context, given: Given): Generator<Value> {
  const selectors = iter(ctx, given.get('selectors'));
  for (const item of ctx.iterate(given.get('data'))) {
    const selector = nextItem(ctx, selectors);
    if (selector === undefined) return;
    if (ctx.truth(selector)) yield item;
  }
}

function* starmap(ctx: Context, given: Given): Generator<Value> {
  for (const args of ctx.iterate(given.get('iterable'))) {
    yield ctx.call(given.get('function'), [...ctx.iterate(args)]);
  }
}

const CHAIN = nativeClass('itertools.chain', [TYPES.object], (ctx, _cls, args) =>
  iterator('chain', chain(ctx, args)),
);
CHAIN.attrs.set(
  'from_iterable',
  new MethodWrapper(
    'static',
    lazy('from_iterable', 'iterable', (ctx, given) =>
      chain(ctx, ctx.iterate(given.get('iterable'))),
    ),
  ),
);

export const ITERTOOLS = namesOf(
  [
    lazy('count', 'start=, step=', (ctx, given) =>
      count(ctx, given.raw('start') ?? 0n, given.raw('step') ?? 1n),
    ),
    lazy('cycle', 'iterable', (ctx, given) => cycle(ctx, given.get('iterable'))),
    lazy('repeat', 'object, times=', (_ctx, given) => repeat(given)),
    lazy('islice', 'iterable, *args', islice),
    lazy('zip_longest', '*args, fillvalue=', zipLongest),
    lazy('product', '*args, repeat=', product),
    selecting('permutations', 'iterable, r=', (chosen, at) => !chosen.includes(at), false),
    selecting('combinations', 'iterable, r', (chosen, at) => at > (chosen.at(-1) ?? -1), false),
    selecting(
      'combinations_with_replacement',
      'iterable, r',
      (chosen, at) => at >= (chosen.at(-1) ?? 0),
      true,
    ),
    lazy('accumulate', 'iterable, func=, *, initial=', accumulate),
    fn('groupby', 'iterable, key=', groupBy),
    lazy('starmap', 'function, iterable', starmap),
    lazy('takewhile', 'predicate, iterable', (ctx, given) => while_(ctx, given, true)),
    lazy('dropwhile', 'predicate, iterable', (ctx, given) => while_(ctx, given, false)),
    lazy('filterfalse', 'predicate, iterable', filterFalse),
    lazy('compress', 'data, selectors', compress),
    lazy('pairwise', 'iterable', (ctx, given) => pairwise(ctx, given.get('iterable'))),
    lazy('batched', 'iterable, n, *, strict=', batched),
    fn('tee', 'iterable, n=', tee),
  ],
  { chain: CHAIN },
);
