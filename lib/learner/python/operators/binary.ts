import { percentFormat } from '../builtins/percent-format.js';
import { plainOf } from '../builtins/unwrap.js';
import type { Context } from '../context.js';
import { HostObject, type BinaryOp, type UnaryOp } from '../host.js';
import { BINARY_NAMES } from '../operator-names.js';
import { lookupSpecial } from '../special.js';
import { Dict, Instance, NOT_IMPLEMENTED, SetValue, type Value } from '../values.js';
import { floats } from './float.js';
import { ints, toFloat } from './int.js';
import { sequences } from './sequences.js';
import { mergeDicts, sets } from './sets.js';

/** `left op right`, or `left op= right`. */
export function binary(
  ctx: Context,
  op: BinaryOp,
  left: Value,
  right: Value,
  inPlace: boolean,
): Value {
  const plain = plainBinary(ctx, op, left, right);
  if (plain !== undefined) return plain;
  const result =
    ofClasses(ctx, op, left, right, inPlace) ??
    ofContainers(ctx, op, plainOf(left), plainOf(right), inPlace) ??
    plainBinary(ctx, op, plainOf(left), plainOf(right));
  if (result !== undefined) return result;
  throw ctx.raise(
    'TypeError',
    `unsupported operand type(s) for ${op === '**' && !inPlace ? '** or pow()' : op}${inPlace ? '=' : ''}: ` +
      `'${ctx.typeOf(left).name}' and '${ctx.typeOf(right).name}'`,
  );
}

/** Operators on numbers and texts. */
function plainBinary(ctx: Context, op: BinaryOp, left: Value, right: Value): Value | undefined {
  if (typeof left === 'bigint') {
    if (typeof right === 'bigint') return ints(ctx, op, left, right);
    if (typeof right === 'number') return floats(ctx, op, toFloat(ctx, left), right);
    if (typeof right === 'boolean') return ints(ctx, op, left, BigInt(right));
    return undefined;
  }
  if (typeof left === 'number') {
    if (typeof right === 'number') return floats(ctx, op, left, right);
    if (typeof right === 'bigint') return floats(ctx, op, left, toFloat(ctx, right));
    return typeof right === 'boolean' ? floats(ctx, op, left, Number(right)) : undefined;
  }
  if (typeof left === 'boolean') {
    if (typeof right === 'boolean') {
      if (op === '&') return left && right;
      if (op === '|') return left || right;
      if (op === '^') return left !== right;
    }
    if (typeof right === 'number') return floats(ctx, op, Number(left), right);
    return typeof right === 'bigint' || typeof right === 'boolean'
      ? ints(ctx, op, BigInt(left), BigInt(right))
      : undefined;
  }
  if (typeof left === 'string' && op === '+' && typeof right === 'string') {
    // A concatenated text shares its parts.
    ctx.budget.charge(Math.min(left.length, right.length) + 1);
    return left + right;
  }
  return undefined;
}

/** Operators of classes that define them, and of host values. */
function ofClasses(
  ctx: Context,
  op: BinaryOp,
  left: Value,
  right: Value,
  inPlace: boolean,
): Value | undefined {
  const name = BINARY_NAMES[op];
  if (typeof left !== 'object' && typeof right !== 'object') return undefined;
  const reflected = () => ask(ctx, right, `__r${name}__`, left) ?? host(ctx, op, right, left, true);
  // The right operand goes first if its class derives from that of the left.
  const [leftType, rightType] = [ctx.typeOf(left), ctx.typeOf(right)];
  if (leftType !== rightType && rightType.isSubclassOf(leftType)) {
    const result = reflected();
    if (result !== undefined) return result;
  }
  return (
    (inPlace ? ask(ctx, left, `__i${name}__`, right) : undefined) ??
    ask(ctx, left, `__${name}__`, right) ??
    host(ctx, op, left, right, false, inPlace) ??
    (leftType === rightType && !(right instanceof HostObject) ? undefined : reflected())
  );
}

function host(
  ctx: Context,
  op: BinaryOp,
  self: Value,
  other: Value,
  reflected: boolean,
  inPlace = false,
): Value | undefined {
  return self instanceof HostObject
    ? self.binary?.(op, plainOf(other), { reflected, inPlace }, ctx)
    : undefined;
}

/** The result of a class's method; undefined if it has none, or if it returns NotImplemented. */
export function ask(ctx: Context, self: Value, name: string, other: Value): Value | undefined {
  const method = lookupSpecial(ctx, self, name);
  if (method === undefined || method === null) return undefined;
  const result = ctx.call(method, [other]);
  return result === NOT_IMPLEMENTED ? undefined : result;
}

function ofContainers(
  ctx: Context,
  op: BinaryOp,
  left: Value,
  right: Value,
  inPlace: boolean,
): Value | undefined {
  if (typeof left === 'string' && op === '%') return percentFormat(ctx, left, right);
  if (left instanceof SetValue && right instanceof SetValue) {
    return sets(ctx, op, left, right, inPlace);
  }
  if (left instanceof Dict && op === '|' && (right instanceof Dict || inPlace)) {
    return mergeDicts(ctx, left, right, inPlace);
  }
  return sequences(ctx, op, left, right, inPlace);
}

const UNARY: Readonly<Record<UnaryOp, string>> = { '-': 'neg', '+': 'pos', '~': 'invert' };

export function unary(ctx: Context, op: UnaryOp, value: Value): Value {
  if (typeof value === 'bigint') return op === '-' ? -value : op === '~' ? ~value : value;
  if (typeof value === 'number' && op !== '~') return op === '-' ? -value : value;
  if (typeof value === 'boolean') return unary(ctx, op, BigInt(value));
  if (value instanceof HostObject && value.unary) return value.unary(op, ctx);
  const method = lookupSpecial(ctx, value, `__${UNARY[op]}__`);
  if (method !== undefined && method !== null) return ctx.call(method, []);
  if (value instanceof Instance && plainOf(value) !== value) {
    return unary(ctx, op, plainOf(value));
  }
  throw ctx.raise('TypeError', `bad operand type for unary ${op}: '${ctx.typeOf(value).name}'`);
}
