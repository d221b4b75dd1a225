import type { Context } from './context.js';
import { isException } from './exceptions.js';
import { HostObject } from './host.js';
import { ownAttribute, lookupSpecial } from './special.js';
import {
  BoundMethod,
  Dict,
  Instance,
  List,
  SetValue,
  Slice,
  Tuple,
  type Key,
  type Value,
} from './values.js';

// Strings are their own keys. A value without a key of its own kind becomes a string that starts
// with this sign; a string that begins with the sign gets another sign in front.
const SIGN = '\ue000';
const SAFE = BigInt(Number.MAX_SAFE_INTEGER);
const NONE: Key = Object.freeze({ key: 'None' });

const ids = new WeakMap<object, number>();
let lastId = 0;

function idOf(value: object): number {
  let id = ids.get(value);
  if (id === undefined) ids.set(value, (id = ++lastId));
  return id;
}

/** Makes keys: values that are equal, as Python compares them, have the same. */
export class Keys {
  /**
   * Instances with their own `__hash__`, by its result. A dictionary holds the instance that
   * represents its equals as a key, so a collected instance is in no dictionary.
   */
  readonly #hashed = new Map<bigint, WeakRef<Instance>[]>();
  #sweepAt = 1000;

  keyOf(ctx: Context, value: Value): Key {
    switch (typeof value) {
      case 'string':
        // Using a long text as a key flattens and hashes it.
        if (value.length > 128) ctx.budget.charge(value.length >> 1);
        return value.startsWith(SIGN) ? `${SIGN}s${value}` : value;
      // Equal numbers have one key; a double is faster to look up than a bigint.
      case 'bigint':
        return value <= SAFE && value >= -SAFE ? Number(value) : value;
      case 'boolean':
        return Number(value);
      case 'number':
        return Number.isInteger(value) && !Number.isSafeInteger(value) ? BigInt(value) : value;
      default:
    }
    if (value === null) return NONE;
    if (value instanceof Instance) return this.#ofInstance(ctx, value);
    if (value instanceof Tuple) return this.#joined(ctx, 't', value.items);
    if (value instanceof SetValue && value.frozen) {
      return this.#joined(ctx, 'f', [...value.entries.values()], true);
    }
    if (value instanceof Uint8Array) {
      ctx.budget.charge(value.length);
      return `${SIGN}b${Buffer.from(value.buffer, value.byteOffset, value.length).toString('latin1')}`;
    }
    if (value instanceof HostObject) {
      // An int that is still unknown is compared by its number.
      return value.typeName === 'int' && value.index ? value.index(ctx) : value;
    }
    if (value instanceof BoundMethod && typeof value.self === 'object' && value.self !== null) {
      return `${SIGN}m${idOf(value.self)},${idOf(value.func as object)}`;
    }
    if (
      value instanceof List ||
      value instanceof Dict ||
      value instanceof SetValue ||
      value instanceof Slice
    ) {
      throw this.#unhashable(ctx, value);
    }
    return value;
  }

  #joined(ctx: Context, kind: string, items: readonly Value[], sorted = false): string {
    ctx.budget.enter();
    const parts: string[] = [];
    for (const item of items) {
      const key = this.keyOf(ctx, item);
      const part = typeof key === 'object' ? `o${idOf(key)}` : `${(typeof key)[0]}${String(key)}`;
      // Checked before joining: tuples of the same tuple grow endlessly.
      ctx.budget.charge(part.length);
      parts.push(`${part.length}:${part}`);
    }
    if (sorted) parts.sort();
    ctx.budget.leave();
    return `${SIGN}${kind}${parts.join('')}`;
  }

  #ofInstance(ctx: Context, value: Instance): Key {
    const hash = ownAttribute(value.cls, '__hash__');
    const equal = ownAttribute(value.cls, '__eq__');
    if (hash === null || (hash === undefined && equal !== undefined)) {
      throw this.#unhashable(ctx, value);
    }
    if (hash === undefined) {
      const { payload } = value;
      // For an exception that is its arguments, by which Python does not compare.
      return payload === undefined || isException(value) ? value : this.keyOf(ctx, payload);
    }
    const number = ctx.index(ctx.call(lookupSpecial(ctx, value, '__hash__') ?? hash, []));
    const bucket = (this.#hashed.get(number) ?? []).filter((one) => one.deref() !== undefined);
    for (const one of bucket) {
      const other = one.deref();
      if (other !== undefined && (other === value || ctx.equal(other, value))) return other;
    }
    ctx.budget.charge(20);
    bucket.push(new WeakRef(value));
    this.#hashed.set(number, bucket);
    if (this.#hashed.size > this.#sweepAt) this.#sweep();
    return value;
  }

  #sweep(): void {
    for (const [number, bucket] of this.#hashed) {
      if (bucket.every((one) => one.deref() === undefined)) this.#hashed.delete(number);
    }
    this.#sweepAt = 2 * this.#hashed.size + 1000;
  }

  #unhashable(ctx: Context, value: Value): Error {
    return ctx.raise('TypeError', `unhashable type: '${ctx.typeOf(value).name}'`);
  }
}
