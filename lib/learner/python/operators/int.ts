import type { Context } from '../context.js';
import type { BinaryOp } from '../host.js';
import type { Value } from '../values.js';

const MAX = 1n << 63n;
/** The most bits of an int: enough for 78,000 digits. */
const MOST_BITS = 1 << 18;

const isSmall = (value: bigint): boolean => value < MAX && value > -MAX;

function bitsOf(value: bigint): number {
  if (isSmall(value)) return 64;
  return 4 * value.toString(16).length;
}

/** Called before an int of that many bits is made. */
function allow(ctx: Context, bits: number): void {
  if (bits <= 128) return;
  // More than any budget.
  if (bits > MOST_BITS) ctx.budget.charge(Infinity);
  ctx.budget.charge(bits >> 3);
  ctx.budget.step(bits >> 5);
}

function checked(ctx: Context, value: bigint): bigint {
  if (!isSmall(value)) allow(ctx, bitsOf(value));
  return value;
}

/** `left // right`: rounded down, where JavaScript rounds toward zero. */
function floorDivide(left: bigint, right: bigint): bigint {
  const quotient = left / right;
  return left < 0n !== right < 0n && quotient * right !== left ? quotient - 1n : quotient;
}

/** `left % right`, which has the sign of `right`. */
function modulo(left: bigint, right: bigint): bigint {
  const rest = left % right;
  return rest !== 0n && rest < 0n !== right < 0n ? rest + right : rest;
}

/** An int as a float. */
export function toFloat(ctx: Context, value: bigint): number {
  const number = Number(value);
  if (!Number.isFinite(number)) {
    throw ctx.raise('OverflowError', 'int too large to convert to float');
  }
  return number;
}

const SAFE = BigInt(Number.MAX_SAFE_INTEGER);

/** `left / right`, rounded once. */
function divide(ctx: Context, left: bigint, right: bigint): number {
  if (left <= SAFE && left >= -SAFE && right <= SAFE && right >= -SAFE) {
    return Number(left) / Number(right);
  }
  const negative = left < 0n !== right < 0n;
  const top = left < 0n ? -left : left;
  const bottom = right < 0n ? -right : right;
  // A quotient of 64 bits and more: its last bit says whether there is a remainder, so that only
  // the conversion rounds.
  const shift = 66 - (top.toString(2).length - bottom.toString(2).length);
  const scaled = shift >= 0 ? top << BigInt(shift) : top;
  const divisor = shift >= 0 ? bottom : bottom << BigInt(-shift);
  let quotient = scaled / divisor;
  if (quotient * divisor !== scaled) quotient |= 1n;
  // Done in steps, because 2 ** 1100 is not a float.
  let result = Number(quotient);
  for (let left = -shift; left !== 0;) {
    const step = Math.max(-1000, Math.min(1000, left));
    result *= 2 ** step;
    left -= step;
  }
  if (!Number.isFinite(result)) {
    throw ctx.raise('OverflowError', 'integer division result too large for a float');
  }
  return negative ? -result : result;
}

function power(ctx: Context, base: bigint, exponent: bigint): Value {
  if (exponent < 0n) {
    if (base === 0n)
      throw ctx.raise('ZeroDivisionError', '0.0 cannot be raised to a negative power');
    return toFloat(ctx, base) ** toFloat(ctx, exponent);
  }
  if (base === 0n || base === 1n) return exponent === 0n ? 1n : base;
  if (base === -1n) return exponent % 2n === 0n ? 1n : -1n;
  const bits = Math.ceil(magnitude(base) * Number(exponent)) + 1;
  allow(ctx, bits);
  return base ** exponent;
}

/** The binary logarithm of an int. */
function magnitude(value: bigint): number {
  return isSmall(value) ? Math.log2(Math.abs(Number(value))) : bitsOf(value);
}

function shiftLeft(ctx: Context, left: bigint, right: bigint): bigint {
  if (left === 0n) return 0n;
  allow(ctx, bitsOf(left) + Number(right));
  return left << right;
}

/** An operator on two ints. Undefined if ints do not support it. */
export function ints(ctx: Context, op: BinaryOp, left: bigint, right: bigint): Value | undefined {
  switch (op) {
    case '+': {
      const sum = left + right;
      return isSmall(sum) ? sum : checked(ctx, sum);
    }
    case '-': {
      const difference = left - right;
      return isSmall(difference) ? difference : checked(ctx, difference);
    }
    case '*':
      if (!isSmall(left) || !isSmall(right)) allow(ctx, bitsOf(left) + bitsOf(right));
      return left * right;
    case '/':
    case '//':
    case '%':
      if (right === 0n) throw ctx.raise('ZeroDivisionError', zeroDivision(op));
      if (!isSmall(left)) ctx.budget.step(bitsOf(left) >> 4);
      if (op === '/') return divide(ctx, left, right);
      return op === '//' ? floorDivide(left, right) : modulo(left, right);
    case '**':
      return power(ctx, left, right);
    case '<<':
    case '>>':
      if (right < 0n) throw ctx.raise('ValueError', 'negative shift count');
      if (op === '<<') return shiftLeft(ctx, left, right);
      return right > BigInt(MOST_BITS) ? (left < 0n ? -1n : 0n) : left >> right;
    case '&':
      return checked(ctx, left & right);
    case '|':
      return checked(ctx, left | right);
    case '^':
      return checked(ctx, left ^ right);
    default:
      return undefined;
  }
}

function zeroDivision(op: '/' | '//' | '%'): string {
  if (op === '/') return 'division by zero';
  return op === '//' ? 'integer division or modulo by zero' : 'integer modulo by zero';
}
