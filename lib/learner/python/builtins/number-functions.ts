import type { Context } from '../context.js';
import { HostObject } from '../host.js';
import { toRank } from '../set-order.js';
import { Tuple, type Builtin, type Value } from '../values.js';
import { fn, typeName } from './define.js';
import { fixed, scaled } from './float-digits.js';
import { truncate } from './number-methods.js';
import { asFloat, asInt, asStr } from './unwrap.js';

/** What a class or host value makes of a Python function: `__abs__`, or a method `abs`. */
function delegated(ctx: Context, name: string, value: Value, args: readonly Value[] = []): Value {
  const own =
    ctx.findAttr(value, `__${name}__`) ??
    (value instanceof HostObject ? ctx.findAttr(value, name) : undefined);
  if (own !== undefined) return ctx.call(own, args);
  if (value instanceof HostObject) {
    throw ctx.unsupported(`${name}() of ${value.typeName} is not supported`);
  }
  throw ctx.raise('TypeError', `bad operand type for ${name}(): '${typeName(value)}'`);
}

/** `round(value, digits)`; halves round to the even neighbour. */
function round(ctx: Context, value: Value, digits: Value): Value {
  const float = asFloat(value);
  if (float !== undefined) {
    if (digits === null) {
      const whole = truncate(ctx, float);
      return Number.isInteger(float) ? whole : signed(scaled(float, 0), float);
    }
    return roundTo(ctx, float, Number(ctx.index(digits)));
  }
  const int = asInt(value);
  if (int !== undefined) {
    const places = digits === null ? 0n : ctx.index(digits);
    return places >= 0n ? int : roundInt(ctx, int, -places);
  }
  return delegated(ctx, 'round', value, digits === null ? [] : [digits]);
}

const signed = (magnitude: bigint, like: number): bigint => (like < 0 ? -magnitude : magnitude);

function roundTo(ctx: Context, value: number, digits: number): number {
  if (!Number.isFinite(value) || digits > 323) return value;
  if (digits < -308) return value < 0 || Object.is(value, -0) ? -0 : 0;
  const magnitude =
    digits >= 0
      ? Number(fixed(value, digits))
      : Number(`${scaled(value, digits).toString()}e${-digits}`);
  if (!Number.isFinite(magnitude)) {
    throw ctx.raise('OverflowError', 'rounded value too large to represent');
  }
  return value < 0 || Object.is(value, -0) ? -magnitude : magnitude;
}

function roundInt(ctx: Context, value: bigint, places: bigint): bigint {
  // That many digits round every int within the budget to zero.
  if (places > 10_000n) return 0n;
  ctx.budget.charge(Number(places));
  const unit = 10n ** places;
  const magnitude = value < 0n ? -value : value;
  const quotient = magnitude / unit;
  const twice = (magnitude % unit) * 2n;
  const up = twice > unit || (twice === unit && (quotient & 1n) === 1n);
  const rounded = (quotient + (up ? 1n : 0n)) * unit;
  return value < 0n ? -rounded : rounded;
}

function powerModulo(ctx: Context, base: bigint, exponent: bigint, modulus: bigint): bigint {
  if (modulus === 0n) throw ctx.raise('ValueError', 'pow() 3rd argument cannot be 0');
  const size = modulus < 0n ? -modulus : modulus;
  let power = exponent;
  let factor = ((base % size) + size) % size;
  if (power < 0n) {
    factor = inverse(ctx, factor, size);
    power = -power;
  }
  let result = 1n % size;
  for (; power > 0n; power >>= 1n) {
    ctx.budget.step(1 + size.toString(16).length);
    if (power & 1n) result = (result * factor) % size;
    factor = (factor * factor) % size;
  }
  return modulus < 0n && result > 0n ? result + modulus : result;
}

function inverse(ctx: Context, value: bigint, modulus: bigint): bigint {
  let [r0, r1, s0, s1] = [value, modulus, 1n, 0n];
  while (r1 !== 0n) {
    ctx.budget.step();
    const quotient = r0 / r1;
    [r0, r1, s0, s1] = [r1, r0 - quotient * r1, s1, s0 - quotient * s1];
  }
  if (r0 !== 1n) throw ctx.raise('ValueError', 'base is not invertible for the given modulus');
  return ((s0 % modulus) + modulus) % modulus;
}

function sum(ctx: Context, items: Iterable<Value>, start: Value): Value {
  if (asStr(start) !== undefined) {
    throw ctx.raise('TypeError', "sum() can't sum strings [use ''.join(seq) instead]");
  }
  let total = start;
  for (const item of items) {
    total =
      typeof total === 'number' && typeof item === 'number'
        ? total + item
        : ctx.binary('+', total, item);
  }
  return total;
}

const digitsOf = (name: string, prefix: string, radix: number): Builtin =>
  fn(name, 'x', (ctx, given) => {
    const value = given.int('x');
    const digits = (value < 0n ? -value : value).toString(radix);
    ctx.budget.charge(digits.length);
    return `${value < 0n ? '-' : ''}${prefix}${digits}`;
  });

export const NUMBER_FUNCTIONS: readonly Builtin[] = [
  fn('abs', 'x', (ctx, given) => {
    const value = given.get('x');
    const float = asFloat(value);
    if (float !== undefined) return Math.abs(float);
    const int = asInt(value);
    if (int !== undefined) return int < 0n ? -int : int;
    return delegated(ctx, 'abs', value);
  }),
  fn('round', 'number, ndigits=', (ctx, given) =>
    round(ctx, given.get('number'), given.get('ndigits')),
  ),
  fn('divmod', 'x, y', (ctx, given) => {
    const [x, y] = [given.get('x'), given.get('y')];
    return new Tuple([ctx.binary('//', x, y), ctx.binary('%', x, y)]);
  }),
  fn('pow', 'base, exp, mod=', (ctx, given) => {
    if (given.get('mod') === null) return ctx.binary('**', given.get('base'), given.get('exp'));
    return powerModulo(ctx, given.int('base'), given.int('exp'), given.int('mod'));
  }),
  fn('sum', 'iterable, start=', (ctx, given) =>
    sum(ctx, toRank(ctx, given.get('iterable'), { ints: true }), given.raw('start') ?? 0n),
  ),
  digitsOf('bin', '0b', 2),
  digitsOf('oct', '0o', 8),
  digitsOf('hex', '0x', 16),
];
