import { bind, signature } from '../../python/arguments.js';
import type { Context, Names } from '../../python/context.js';
import { Builtin, List, ModuleValue, Range, Tuple, type Value } from '../../python/values.js';
import { SymFloat, SymSize } from './size.js';

type Run = (ctx: Context, x: Value, ...others: (Value | undefined)[]) => Value;

/**
 * A function of numpy for numbers. Undefined for a value of another kind, which other tables may
 * know.
 */
function scalar(name: string, parameters: string, run: Run): Builtin {
  return new Builtin(name, (ctx, args, kwargs) => {
    const parsed = signature(parameters);
    const { bound } = bind(ctx, name, parsed, args, kwargs);
    const [first, ...others] = parsed.parameters.map((parameter) => bound[parameter.name]);
    return run(ctx, first ?? null, ...others);
  });
}

const isNumber = (value: Value | undefined): value is bigint | number | boolean =>
  typeof value === 'bigint' || typeof value === 'number' || typeof value === 'boolean';

const isOpen = (value: Value | undefined): value is SymSize | SymFloat =>
  value instanceof SymSize || value instanceof SymFloat;

const strange = (ctx: Context, name: string): Error =>
  ctx.unsupported(`numpy.${name} of a value that is not a plain number`);

/** Applies a function to a number as a float. A size must be known. */
const ofFloat =
  (name: string, compute: (x: number) => number): Run =>
  (ctx, x) => {
    // numpy turns booleans into half precision.
    if (isNumber(x) && typeof x !== 'boolean') return compute(Number(x));
    if (isOpen(x)) throw x.needed();
    throw strange(ctx, name);
  };

/** Whole numbers do not change. */
const rounding =
  (name: string, compute: (x: number) => number): Run =>
  (ctx, x) =>
    typeof x === 'bigint' || x instanceof SymSize ? x : ofFloat(name, compute)(ctx, x);

/** The numbers of a list, a tuple or a range. */
function numbersOf(ctx: Context, value: Value, name: string): Value[] {
  if (isNumber(value) || isOpen(value)) return [value];
  if (!(value instanceof List || value instanceof Tuple || value instanceof Range)) {
    throw strange(ctx, name);
  }
  const items = [...ctx.iterate(value)];
  if (!items.every((item) => isNumber(item) || isOpen(item))) throw strange(ctx, name);
  return items;
}

const folded =
  (name: string, start: Value, op: '+' | '*'): Run =>
  (ctx, values, axis) => {
    if (axis !== undefined && axis !== null && ctx.index(axis) !== 0n) throw strange(ctx, name);
    const items = numbersOf(ctx, values, name);
    if (items.length === 0) return Number(start);
    return items.reduce((total, item) => ctx.binary(op, total, item), start);
  };

/** The largest or smallest: NaN if one is NaN, and a float if one is a float. */
function extremeOf(ctx: Context, items: readonly Value[], op: '<' | '>'): Value {
  const [first, ...others] = items;
  if (first === undefined) throw ctx.raise('ValueError', 'zero-size array to reduction operation');
  if (items.some((item) => Number.isNaN(item))) return NaN;
  const best = others.reduce(
    (one, item) => (ctx.truth(ctx.compare(op, item, one)) ? item : one),
    first,
  );
  return isNumber(best) && items.some((item) => typeof item === 'number') ? Number(best) : best;
}

const extreme =
  (name: string, op: '<' | '>'): Run =>
  (ctx, values) =>
    extremeOf(ctx, numbersOf(ctx, values, name), op);

const mean: Run = (ctx, values) => {
  const items = numbersOf(ctx, values, 'mean');
  if (items.length === 0) return NaN;
  return ctx.binary('/', folded('mean', 0n, '+')(ctx, values), BigInt(items.length));
};

/** Rounds halves to the even neighbour, as numpy does. */
function roundEven(x: number): number {
  const low = Math.floor(x);
  if (x - low !== 0.5) return Math.round(x);
  return low % 2 === 0 ? low : low + 1;
}

const toFloat: Run = (ctx, x) =>
  isNumber(x) ? Number(x) : ctx.call(ctx.resolve('builtins.float')!, [x]);
const toSingle: Run = (ctx, x) => (isNumber(x) ? Math.fround(Number(x)) : toFloat(ctx, x));
const toInt: Run = (ctx, x) =>
  isOpen(x) && x instanceof SymSize ? x : ctx.call(ctx.resolve('builtins.int')!, [x]);

const absolute: Run = (ctx, x) => {
  if (typeof x === 'bigint') return x < 0n ? -x : x;
  return ofFloat('abs', Math.abs)(ctx, x);
};

const pick =
  (name: string, op: '<' | '>'): Run =>
  (ctx, a, b) => {
    const items = [a, b ?? null];
    if (!items.every((one) => isNumber(one) || isOpen(one))) throw strange(ctx, name);
    return extremeOf(ctx, items, op);
  };

const clip: Run = (ctx, x, low, high) => {
  const bounds = [low, high].map((bound) => bound ?? null);
  if (!isNumber(x) || !bounds.every((bound) => isNumber(bound) || bound === null)) {
    throw strange(ctx, 'clip');
  }
  const least = bounds[0] === null ? x : extremeOf(ctx, [x, bounds[0]!], '>');
  return bounds[1] === null ? least : extremeOf(ctx, [least, bounds[1]!], '<');
};

const floats: Readonly<Record<string, (x: number) => number>> = {
  sqrt: Math.sqrt,
  exp: Math.exp,
  expm1: Math.expm1,
  log: Math.log,
  log2: Math.log2,
  log10: Math.log10,
  log1p: Math.log1p,
  sin: Math.sin,
  cos: Math.cos,
  tan: Math.tan,
  arctan: Math.atan,
  tanh: Math.tanh,
  fabs: Math.abs,
  rint: roundEven,
  deg2rad: (x) => (x * Math.PI) / 180,
  radians: (x) => (x * Math.PI) / 180,
  rad2deg: (x) => (x * 180) / Math.PI,
  degrees: (x) => (x * 180) / Math.PI,
};

const runs: readonly (readonly [names: string, parameters: string, run: Run])[] = [
  ...Object.entries(floats).map(([name, compute]) => [name, 'x', ofFloat(name, compute)] as const),
  ['ceil', 'x', rounding('ceil', Math.ceil)],
  ['floor', 'x', rounding('floor', Math.floor)],
  ['trunc fix', 'x', rounding('trunc', Math.trunc)],
  ['prod product', 'a, axis=', folded('prod', 1n, '*')],
  ['sum', 'a, axis=', folded('sum', 0n, '+')],
  ['mean', 'a', mean],
  ['max amax', 'a', extreme('max', '>')],
  ['min amin', 'a', extreme('min', '<')],
  ['abs absolute', 'x', absolute],
  ['maximum', 'x1, x2', pick('maximum', '>')],
  ['minimum', 'x1, x2', pick('minimum', '<')],
  ['clip', 'a, a_min, a_max', clip],
  ['square', 'x', (ctx, x) => ctx.binary('*', x, x)],
  ['power', 'x1, x2', (ctx, x, by) => ctx.binary('**', x, by!)],
  ['float_power', 'x1, x2', (ctx, x, by) => toFloat(ctx, ctx.binary('**', x, by!))],
  ['float64 float_ double', 'x=', (ctx, x) => toFloat(ctx, x ?? 0)],
  ['float32 single', 'x=', (ctx, x) => toSingle(ctx, x ?? 0)],
  ['int64 int32 int_ intp', 'x=', (ctx, x) => toInt(ctx, x ?? 0n)],
  ['isnan', 'x', (ctx, x) => Number.isNaN(ofFloat('isnan', (y) => y)(ctx, x))],
  ['isinf', 'x', (ctx, x) => Math.abs(ofFloat('isinf', (y) => y)(ctx, x) as number) === Infinity],
  ['isfinite', 'x', (ctx, x) => Number.isFinite(ofFloat('isfinite', (y) => y)(ctx, x))],
];

const names = new Map<string, Value>([
  ...runs.flatMap(([all, parameters, run]) =>
    all.split(' ').map((name): [string, Value] => [name, scalar(name, parameters, run)]),
  ),
  ['pi', Math.PI],
  ['e', Math.E],
  ['inf', Infinity],
  ['Inf', Infinity],
  ['infty', Infinity],
  ['nan', NaN],
  ['NaN', NaN],
  ['newaxis', null],
  ['euler_gamma', 0.5772156649015329],
]);

const PREFIX = 'numpy.';

/** numpy for plain numbers, sizes and lists of them, with which code computes shapes. */
export const numpyScalars: Names = {
  resolve(qualifiedName) {
    if (qualifiedName === 'numpy') return new ModuleValue('numpy');
    return qualifiedName.startsWith(PREFIX)
      ? names.get(qualifiedName.slice(PREFIX.length))
      : undefined;
  },
  isModule: (path) => path === 'numpy',
};
