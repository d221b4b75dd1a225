import type { Context } from '../context.js';
import { PyIterator, type Value } from '../values.js';

/** A Python iterator over a JavaScript iterator. */
export function iterator(kind: string, items: Iterator<Value>): PyIterator {
  return new PyIterator(kind, () => {
    const next = items.next();
    return next.done === true ? undefined : next.value;
  });
}

/** `iter(value)`. */
export function iter(ctx: Context, value: Value): Value {
  return ctx.iter(value);
}

/** The next item; undefined at the end. */
export function nextItem(ctx: Context, value: Value): Value | undefined {
  ctx.budget.step();
  return ctx.next(value);
}
