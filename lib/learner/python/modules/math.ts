import type { Context } from '../context.js';
import { HostObject } from '../host.js';
import { Builtin, Instance, Tuple, type Value } from '../values.js';
import { fn } from '../builtins/define.js';
import { truncate } from '../builtins/number-methods.js';
import { asFloat, asInt } from '../builtins/unwrap.js';
import { erf, erfc, gamma, logGamma } from './math-special.js';
import { double, namesOf } from './module-names.js';

const domain = (ctx: Context): Error => ctx.raise('ValueError', 'math domain error');
const overflow = (ctx: Context): Error => ctx.raise('OverflowError', 'math range error');

/** A function of one double. NaN from a number, or infinity from a finite number, is an error. */
function real(name: string, compute: (x: number) => number, poles = false): Builtin {
  return new Builtin(name, (ctx, [value = null]) => {
    const x = double(ctx, value);
    const result = compute(x);
    if (Number.isNaN(result) && !Number.isNaN(x)) throw domain(ctx);
    if (Number.isFinite(x) && !Number.isFinite(result)) throw poles ? domain(ctx) : overflow(ctx);
    return result;
  });
}

function rounding(name: 'floor' | 'ceil' | 'trunc'): Builtin {
  return new Builtin(name, (ctx, [value = null]) => {
    const int = asInt(value);
    if (int !== undefined) return int;
    if (value instanceof Instance || value instanceof HostObject) {
      const own = ctx.findAttr(value, `__${name}__`);
      if (own !== undefined) return ctx.call(own, []);
      if (value instanceof HostObject && value.typeName === 'int') return value;
    }
    return truncate(ctx, Math[name](double(ctx, value)));
  });
}

/** The logarithm of an int that may be larger than a double. */
function logOf(ctx: Context, value: Value, log: (x: number) => number, perBit: number): number {
  const int = asInt(value);
  if (int !== undefined && int > 0n && int > BigInt(Number.MAX_VALUE)) {
    const bits = int.toString(2).length;
    return log(Number(int >> BigInt(bits - 64)) / 2 ** 64) + bits * perBit;
  }
  const x = double(ctx, value);
  if (x <= 0) throw domain(ctx);
  return log(x);
}

function factorial(ctx: Context, value: bigint): bigint {
  if (value < 0n) throw ctx.raise('ValueError', 'factorial() not defined for negative values');
  return product(ctx, 1n, value);
}

/** first * ... * last. */
function product(ctx: Context, first: bigint, last: bigint): bigint {
  let result = 1n;
  for (let factor = first; factor <= last; factor++) {
    ctx.budget.step(1 + Number(result.toString(16).length) / 64);
    result *= factor;
  }
  ctx.budget.charge(result.toString(16).length);
  return result;
}

function combinations(ctx: Context, n: bigint, k: bigint): bigint {
  if (n < 0n) throw ctx.raise('ValueError', 'n must be a non-negative integer');
  if (k < 0n) throw ctx.raise('ValueError', 'k must be a non-negative integer');
  if (k > n) return 0n;
  const few = k < n - k ? k : n - k;
  let result = 1n;
  for (let at = 1n; at <= few; at++) {
    ctx.budget.step(1 + result.toString(16).length / 64);
    result = (result * (n - few + at)) / at;
  }
  return result;
}

function gcd(ctx: Context, a: bigint, b: bigint): bigint {
  let [x, y] = [a < 0n ? -a : a, b < 0n ? -b : b];
  while (y !== 0n) {
    ctx.budget.step();
    [x, y] = [y, x % y];
  }
  return x;
}

/** The integer square root, by Newton's steps. */
function isqrt(ctx: Context, value: bigint): bigint {
  if (value < 0n) throw ctx.raise('ValueError', 'isqrt() argument must be nonnegative');
  if (value < 2n) return value;
  let x = 1n << BigInt((value.toString(2).length + 1) >> 1);
  for (;;) {
    ctx.budget.step();
    const next = (x + value / x) >> 1n;
    if (next >= x) return x;
    x = next;
  }
}

/** The exact sum, rounded once (Shewchuk's partial sums). */
function fsum(ctx: Context, items: Iterable<Value>): number {
  const partials: number[] = [];
  let special = 0;
  for (const item of items) {
    let x = double(ctx, item);
    if (!Number.isFinite(x)) {
      special += x;
      continue;
    }
    let kept = 0;
    for (let y of partials) {
      if (Math.abs(x) < Math.abs(y)) [x, y] = [y, x];
      const high = x + y;
      const low = y - (high - x);
      if (low !== 0) partials[kept++] = low;
      x = high;
    }
    partials.length = kept;
    partials.push(x);
  }
  if (special !== 0 || Number.isNaN(special)) return special;
  let sum = 0;
  let at = partials.length;
  let low = 0;
  while (at > 0) {
    const x = sum;
    const y = partials[--at] as number;
    sum = x + y;
    low = y - (sum - x);
    if (low !== 0) break;
  }
  // The lower partial sums decide how halves round.
  const below = partials[at - 1];
  if (at > 0 && below !== undefined && Math.sign(low) === Math.sign(below)) {
    const twice = low * 2;
    const rounded = sum + twice;
    if (twice === rounded - sum) sum = rounded;
  }
  return sum;
}

function frexp(x: number): readonly [number, number] {
  if (x === 0 || !Number.isFinite(x)) return [x, 0];
  let exponent = Math.max(-1023, Math.floor(Math.log2(Math.abs(x))) + 1);
  let mantissa = x * 2 ** -exponent;
  while (Math.abs(mantissa) < 0.5) {
    mantissa *= 2;
    exponent--;
  }
  while (Math.abs(mantissa) >= 1) {
    mantissa /= 2;
    exponent++;
  }
  return [mantissa, exponent];
}

function remainder(x: number, y: number): number {
  const rest = Math.abs(x) % Math.abs(y);
  const half = Math.abs(y) - rest;
  const size =
    rest < half
      ? rest
      : rest > half
        ? -half
        : rest - 2 * (((Math.abs(x) - rest) / 2) % Math.abs(y));
  return (x < 0 || Object.is(x, -0) ? -1 : 1) * size;
}

function nextAfter(x: number, y: number): number {
  if (Number.isNaN(x) || Number.isNaN(y)) return Number.NaN;
  if (x === y) return y;
  if (x === 0) return y > 0 ? Number.MIN_VALUE : -Number.MIN_VALUE;
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, x);
  view.setBigInt64(0, view.getBigInt64(0) + (x > 0 === y > x ? 1n : -1n));
  return view.getFloat64(0);
}

function power(ctx: Context, x: number, y: number): number {
  if (x === 1 || y === 0) return 1;
  const result = x === -1 && !Number.isFinite(y) && !Number.isNaN(y) ? 1 : x ** y;
  if (Number.isFinite(x) && Number.isFinite(y)) {
    if (Number.isNaN(result) || (x === 0 && y < 0)) throw domain(ctx);
    if (!Number.isFinite(result)) throw overflow(ctx);
  }
  return result;
}

const both = (name: string, compute: (ctx: Context, x: number, y: number) => number): Builtin =>
  new Builtin(name, (ctx, [x = null, y = null]) => compute(ctx, double(ctx, x), double(ctx, y)));

function isClose(ctx: Context, a: number, b: number, relative: number, absolute: number): boolean {
  if (relative < 0 || absolute < 0) {
    throw ctx.raise('ValueError', 'tolerances must be non-negative');
  }
  if (a === b) return true;
  if (!Number.isFinite(a) || !Number.isFinite(b)) return false;
  const difference = Math.abs(b - a);
  return (
    difference <= Math.abs(relative * b) ||
    difference <= Math.abs(relative * a) ||
    difference <= absolute
  );
}

const doubles = (ctx: Context, value: Value): number[] =>
  Array.from(ctx.iterate(value), (item) => double(ctx, item));

export const MATH = namesOf(
  [
    real('sqrt', Math.sqrt),
    real('cbrt', Math.cbrt),
    real('exp', Math.exp),
    real('exp2', (x) => 2 ** x),
    real('expm1', Math.expm1),
    real('log1p', Math.log1p, true),
    real('sin', Math.sin),
    real('cos', Math.cos),
    real('tan', Math.tan),
    real('asin', Math.asin),
    real('acos', Math.acos),
    real('atan', Math.atan),
    real('sinh', Math.sinh),
    real('cosh', Math.cosh),
    real('tanh', Math.tanh),
    real('asinh', Math.asinh),
    real('acosh', Math.acosh),
    real('atanh', Math.atanh, true),
    real('fabs', Math.abs),
    real('degrees', (x) => x * (180 / Math.PI)),
    real('radians', (x) => x * (Math.PI / 180)),
    real('erf', erf),
    real('erfc', erfc),
    new Builtin('gamma', (ctx, [value = null]) => {
      const x = double(ctx, value);
      if (x === Number.NEGATIVE_INFINITY || (Number.isInteger(x) && x <= 0)) throw domain(ctx);
      const result = gamma(x);
      if (Number.isFinite(x) && !Number.isFinite(result)) throw overflow(ctx);
      return result;
    }),
    real('lgamma', (x) => (Number.isFinite(x) ? logGamma(x) : Math.abs(x)), true),
    fn('log', 'x, base=', (ctx, given) => {
      const x = logOf(ctx, given.get('x'), Math.log, Math.LN2);
      const base = given.raw('base');
      if (base === undefined) return x;
      const divisor = logOf(ctx, base, Math.log, Math.LN2);
      if (divisor === 0) throw ctx.raise('ZeroDivisionError', 'float division by zero');
      return x / divisor;
    }),
    new Builtin('log2', (ctx, [x = null]) => logOf(ctx, x, Math.log2, 1)),
    new Builtin('log10', (ctx, [x = null]) => logOf(ctx, x, Math.log10, Math.LN2 / Math.LN10)),
    rounding('floor'),
    rounding('ceil'),
    rounding('trunc'),
    both('atan2', (_ctx, y, x) => Math.atan2(y, x)),
    both('copysign', (_ctx, x, y) => Math.abs(x) * (y < 0 || Object.is(y, -0) ? -1 : 1)),
    both('fmod', (ctx, x, y) => {
      if (y === 0 || (!Number.isFinite(x) && !Number.isNaN(x))) throw domain(ctx);
      return x % y;
    }),
    both('remainder', (ctx, x, y) => {
      if (y === 0 || (!Number.isFinite(x) && !Number.isNaN(x))) throw domain(ctx);
      return Number.isFinite(y) ? remainder(x, y) : Number.isNaN(y) ? y : x;
    }),
    both('pow', power),
    both('nextafter', (_ctx, x, y) => nextAfter(x, y)),
    new Builtin('ldexp', (ctx, [x = null, i = null]) => {
      const exponent = Number(ctx.index(i));
      const value = double(ctx, x);
      if (value === 0 || !Number.isFinite(value)) return value;
      if (exponent < -2200) return Math.sign(value) * Number.MIN_VALUE * 0.25;
      const half = Math.trunc(exponent / 2);
      const result =
        Math.abs(exponent) < 1000
          ? value * 2 ** exponent
          : value * 2 ** Math.min(half, 1023) * 2 ** Math.min(exponent - half, 1023);
      if (!Number.isFinite(result)) throw overflow(ctx);
      return result;
    }),
    new Builtin('frexp', (ctx, [x = null]) => {
      const [mantissa, exponent] = frexp(double(ctx, x));
      return new Tuple([mantissa, BigInt(exponent)]);
    }),
    new Builtin('modf', (ctx, [value = null]) => {
      const x = double(ctx, value);
      const sign = x < 0 || Object.is(x, -0) ? -1 : 1;
      if (!Number.isFinite(x)) return new Tuple([Number.isNaN(x) ? x : sign < 0 ? -0 : 0, x]);
      return new Tuple([sign * Math.abs(x % 1), Math.trunc(x)]);
    }),
    new Builtin('ulp', (ctx, [value = null]) => {
      const x = Math.abs(double(ctx, value));
      return Number.isFinite(x) ? nextAfter(x, Infinity) - x : x;
    }),
    new Builtin('isnan', (ctx, [x = null]) => Number.isNaN(double(ctx, x))),
    new Builtin('isinf', (ctx, [value = null]) => {
      const x = double(ctx, value);
      return !Number.isFinite(x) && !Number.isNaN(x);
    }),
    new Builtin('isfinite', (ctx, [x = null]) => Number.isFinite(double(ctx, x))),
    fn('isclose', 'a, b, *, rel_tol=, abs_tol=', (ctx, given) =>
      isClose(
        ctx,
        double(ctx, given.get('a')),
        double(ctx, given.get('b')),
        double(ctx, given.raw('rel_tol') ?? 1e-9),
        double(ctx, given.raw('abs_tol') ?? 0),
      ),
    ),
    new Builtin('hypot', (ctx, args) => Math.hypot(...args.map((item) => double(ctx, item)))),
    new Builtin('dist', (ctx, [p = null, q = null]) => {
      const [a, b] = [doubles(ctx, p), doubles(ctx, q)];
      if (a.length !== b.length) {
        throw ctx.raise('ValueError', 'both points must have the same number of dimensions');
      }
      return Math.hypot(...a.map((x, at) => x - (b[at] as number)));
    }),
    new Builtin('fsum', (ctx, [items = null]) => fsum(ctx, ctx.iterate(items))),
    fn('prod', 'iterable, *, start=', (ctx, given) => {
      let result: Value = given.raw('start') ?? 1n;
      for (const item of ctx.iterate(given.get('iterable'))) result = ctx.binary('*', result, item);
      return result;
    }),
    new Builtin('sumprod', (ctx, [p = null, q = null]) => {
      const [a, b] = [[...ctx.iterate(p)], [...ctx.iterate(q)]];
      if (a.length !== b.length) throw ctx.raise('ValueError', 'Inputs are not the same length');
      if ([...a, ...b].every((item) => asInt(item) === undefined || asFloat(item) !== undefined)) {
        throw ctx.unsupported('math.sumprod() of floats is not supported');
      }
      return a.reduce<Value>(
        (sum, item, at) => ctx.binary('+', sum, ctx.binary('*', item, b[at] ?? null)),
        0n,
      );
    }),
    fn('factorial', 'n', (ctx, given) => factorial(ctx, given.int('n'))),
    fn('comb', 'n, k', (ctx, given) => combinations(ctx, given.int('n'), given.int('k'))),
    fn('perm', 'n, k=', (ctx, given) => {
      const n = given.int('n');
      if (given.get('k') === null) return factorial(ctx, n);
      const k = given.int('k');
      if (n < 0n || k < 0n) {
        throw ctx.raise('ValueError', `${n < 0n ? 'n' : 'k'} must be a non-negative integer`);
      }
      return k > n ? 0n : product(ctx, n - k + 1n, n);
    }),
    new Builtin('gcd', (ctx, args) => args.reduce<bigint>((a, b) => gcd(ctx, a, ctx.index(b)), 0n)),
    new Builtin('lcm', (ctx, args) =>
      args.reduce<bigint>((a, item) => {
        const b = ctx.index(item);
        const divisor = gcd(ctx, a, b);
        const multiple = divisor === 0n ? 0n : (a / divisor) * b;
        ctx.budget.charge(multiple.toString(16).length);
        return multiple < 0n ? -multiple : multiple;
      }, 1n),
    ),
    fn('isqrt', 'n', (ctx, given) => isqrt(ctx, given.int('n'))),
  ],
  {
    pi: Math.PI,
    e: Math.E,
    tau: 2 * Math.PI,
    inf: Number.POSITIVE_INFINITY,
    nan: Number.NaN,
  },
);
