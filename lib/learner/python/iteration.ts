import { SMALL } from './budget.js';
import type { Context } from './context.js';
import { PyException, stopValue } from './exceptions.js';
import { HostObject } from './host.js';
import { inOrder } from './set-order.js';
import { lookupSpecial } from './special.js';
import {
  ClassValue,
  Dict,
  Instance,
  List,
  NO_KWARGS,
  PyIterator,
  Range,
  SetValue,
  Tuple,
  type Value,
} from './values.js';

/** `iter(value)`: a PyIterator, or an instance with `__next__`. */
export function iteratorOf(ctx: Context, value: Value): Value {
  if (value instanceof PyIterator) return value;
  const own = ownIterator(ctx, value);
  if (own !== undefined) return own;
  if (value instanceof List) return overList('list', value.items);
  if (value instanceof Tuple) return overList('tuple', value.items);
  if (value instanceof Range) return overRange(ctx, value);
  if (value instanceof Dict) {
    return overEntries(ctx, 'dictionary', value.entries, ([key]) => key);
  }
  if (value instanceof SetValue) return overSet(ctx, value);
  if (typeof value === 'string') {
    const letters = value[Symbol.iterator]();
    return new PyIterator('str', () => {
      const letter = letters.next().value;
      // V8 keeps one string for each letter of Latin-1.
      if (letter !== undefined && letter > '\xff') ctx.budget.charge(SMALL);
      return letter;
    });
  }
  if (value instanceof Uint8Array) {
    let at = 0;
    return new PyIterator('bytes', () => (at < value.length ? BigInt(value[at++]!) : undefined));
  }
  if (value instanceof HostObject && value.iterate) {
    const items = value.iterate(ctx);
    return new PyIterator('iterator', () => {
      const { done, value: item } = items.next();
      return done ? undefined : item;
    });
  }
  if (value instanceof Instance && value.payload !== undefined) {
    return iteratorOf(ctx, value.payload);
  }
  throw ctx.raise('TypeError', `'${ctx.typeOf(value).name}' object is not iterable`);
}

/** The iterator of a class that is not one of Python's own. */
function ownIterator(ctx: Context, value: Value): Value | undefined {
  const iter = lookupSpecial(ctx, value, '__iter__');
  if (iter !== undefined && iter !== null) {
    const iterator = ctx.call(iter, [], NO_KWARGS);
    if (iterator instanceof PyIterator || lookupSpecial(ctx, iterator, '__next__')) return iterator;
    throw ctx.raise(
      'TypeError',
      `iter() returned non-iterator of type '${ctx.typeOf(iterator).name}'`,
    );
  }
  const get = value instanceof Instance ? lookupSpecial(ctx, value, '__getitem__') : undefined;
  if (get === undefined || get === null) return undefined;
  let index = 0n;
  return new PyIterator('iterator', () =>
    stopsAt(ctx, 'IndexError', () => ctx.call(get, [index++], NO_KWARGS)),
  );
}

function stopsAt(_: Context, exception: string, run: () => Value): Value | undefined {
  try {
    return run();
  } catch (error) {
    if (error instanceof PyException && error.isA(exception)) return undefined;
    throw error;
  }
}

/** Like CPython, it follows a list that grows. */
function overList(kind: string, items: readonly Value[]): PyIterator {
  let at = 0;
  return new PyIterator(kind, () => {
    if (at < items.length) return items[at++];
    at = Infinity;
    return undefined;
  });
}

function overRange(ctx: Context, { start, step, length }: Range): PyIterator {
  let left = length;
  let at = start;
  return new PyIterator('range', () => {
    if (left <= 0n) return undefined;
    ctx.budget.charge(SMALL);
    left -= 1n;
    const item = at;
    at += step;
    return item;
  });
}

function overSet(ctx: Context, set: SetValue): PyIterator {
  const items = inOrder(ctx, set);
  let at = 0;
  return new PyIterator('iterator', () => {
    if (set.entries.size !== items.length) {
      throw ctx.raise('RuntimeError', 'Set changed size during iteration');
    }
    return items[at++];
  });
}

function overEntries<T>(
  ctx: Context,
  what: string,
  entries: ReadonlyMap<unknown, T>,
  take: (entry: T) => Value,
): PyIterator {
  const { size } = entries;
  const iterator = entries.values();
  return new PyIterator('iterator', () => {
    if (entries.size !== size) {
      throw ctx.raise('RuntimeError', `${what} changed size during iteration`);
    }
    const { done, value } = iterator.next();
    return done ? undefined : take(value);
  });
}

/** The next item; undefined at the end. */
export function next(ctx: Context, iterator: Value): Value | undefined {
  if (iterator instanceof PyIterator) {
    // An iterator may read another iterator, and so on.
    ctx.budget.enter();
    const item = iterator.next(null);
    ctx.budget.leave();
    return item;
  }
  const got = nextOfInstance(ctx, iterator);
  return got.done ? undefined : got.value;
}

interface Got {
  readonly done: boolean;
  /** The item, or what the iterator returned at its end. */
  readonly value: Value;
}

function nextOfInstance(ctx: Context, iterator: Value): Got {
  const method = lookupSpecial(ctx, iterator, '__next__');
  if (method === undefined || method === null || iterator instanceof ClassValue) {
    throw ctx.raise('TypeError', `'${ctx.typeOf(iterator).name}' object is not an iterator`);
  }
  return untilStop(() => ctx.call(method, [], NO_KWARGS));
}

function untilStop(run: () => Value): Got {
  try {
    return { done: false, value: run() };
  } catch (error) {
    if (error instanceof PyException && error.isA('StopIteration')) {
      return { done: true, value: stopValue(error.instance) };
    }
    throw error;
  }
}

/** `yield from`: sends a value to the iterator. */
export function sendTo(ctx: Context, iterator: Value, sent: Value): Got {
  if (iterator instanceof PyIterator) {
    if (sent !== null && !iterator.methods.throw) {
      throw ctx.raise(
        'AttributeError',
        `'${ctx.typeOf(iterator).name}' object has no attribute 'send'`,
      );
    }
    const item = iterator.next(sent);
    if (item !== undefined) return { done: false, value: item };
    return { done: true, value: iterator.methods.returned?.() ?? null };
  }
  if (sent === null) return nextOfInstance(ctx, iterator);
  const send = ctx.getAttr(iterator, 'send');
  return untilStop(() => ctx.call(send, [sent], NO_KWARGS));
}

/** The items of any iterable. */
export function* iterate(ctx: Context, value: Value): IterableIterator<Value> {
  const iterator = iteratorOf(ctx, value);
  for (;;) {
    ctx.budget.step();
    const item = next(ctx, iterator);
    if (item === undefined) return;
    yield item;
  }
}
