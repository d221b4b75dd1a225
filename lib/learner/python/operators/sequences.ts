import type { Context } from '../context.js';
import { HostObject, type BinaryOp } from '../host.js';
import { Instance, List, Tuple, type Value } from '../values.js';

/** `+` and `*` of lists, tuples, texts and bytes. */
export function sequences(
  ctx: Context,
  op: BinaryOp,
  left: Value,
  right: Value,
  inPlace: boolean,
): Value | undefined {
  if (op === '*') {
    const times = count(ctx, right);
    if (times !== undefined && isSequence(left)) return repeat(ctx, left, times, inPlace);
    const reflected = count(ctx, left);
    if (reflected !== undefined && isSequence(right)) return repeat(ctx, right, reflected, false);
    return undefined;
  }
  return op === '+' ? joined(ctx, left, right, inPlace) : undefined;
}

type Sequence = List | Tuple | string | Uint8Array;

function isSequence(value: Value): value is Sequence {
  return (
    typeof value === 'string' ||
    value instanceof List ||
    value instanceof Tuple ||
    value instanceof Uint8Array
  );
}

/** The number of repetitions, if it is an int. */
function count(ctx: Context, value: Value): bigint | undefined {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'boolean') return BigInt(value);
  if (value instanceof HostObject && value.index) return value.index(ctx);
  if (value instanceof Instance && ctx.typeOf(value).lookup('__index__')) return ctx.index(value);
  return undefined;
}

function lengthOf(value: Sequence): number {
  return value instanceof List || value instanceof Tuple ? value.items.length : value.length;
}

function repeat(ctx: Context, value: Sequence, count: bigint, inPlace: boolean): Value {
  const length = lengthOf(value);
  const times = length === 0 || count < 0n ? 0 : Number(count);
  ctx.budget.charge(length * times);
  if (typeof value === 'string') return value.repeat(times);
  if (value instanceof Uint8Array) {
    const bytes = new Uint8Array(length * times);
    for (let i = 0; i < times; i++) bytes.set(value, i * length);
    return bytes;
  }
  const items: Value[] = [];
  for (let i = 0; i < times; i++) for (const item of value.items) items.push(item);
  if (value instanceof Tuple) return new Tuple(items);
  if (!inPlace) return new List(items);
  value.items.length = 0;
  for (const item of items) value.items.push(item);
  return value;
}

function joined(ctx: Context, left: Value, right: Value, inPlace: boolean): Value | undefined {
  if (left instanceof List && inPlace) {
    const added =
      right instanceof List || right instanceof Tuple ? right.items : ctx.iterate(right);
    // For the list itself, only the items that it has now.
    for (const item of left === right ? [...added] : added) {
      ctx.budget.charge(1);
      left.items.push(item);
    }
    return left;
  }
  if (left instanceof List && right instanceof List) {
    ctx.budget.charge(left.items.length + right.items.length);
    return new List([...left.items, ...right.items]);
  }
  if (left instanceof Tuple && right instanceof Tuple) {
    ctx.budget.charge(left.items.length + right.items.length);
    return new Tuple([...left.items, ...right.items]);
  }
  if (typeof left === 'string' && typeof right === 'string') {
    ctx.budget.charge(Math.min(left.length, right.length) + 1);
    return left + right;
  }
  if (left instanceof Uint8Array && right instanceof Uint8Array) {
    ctx.budget.charge(left.length + right.length);
    const bytes = new Uint8Array(left.length + right.length);
    bytes.set(left);
    bytes.set(right, left.length);
    return bytes;
  }
  const wanted = left instanceof List ? 'list' : left instanceof Tuple ? 'tuple' : undefined;
  if (wanted !== undefined) {
    throw ctx.raise(
      'TypeError',
      `can only concatenate ${wanted} (not "${ctx.typeOf(right).name}") to ${wanted}`,
    );
  }
  if (typeof left === 'string') {
    throw ctx.raise(
      'TypeError',
      `can only concatenate str (not "${ctx.typeOf(right).name}") to str`,
    );
  }
  return undefined;
}
