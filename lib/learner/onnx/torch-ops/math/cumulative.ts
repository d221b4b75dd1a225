import type { Tuple } from '../../../python/values.js';
import type { Value as GraphValue } from '../../graph.js';
import type { TorchEnv } from '../env.js';
import { floatResult, isFloating } from '../promotion.js';
import { SymSize, type Size } from '../size.js';
import { fn, type Args, type TorchFunction, type TorchTable } from '../table.js';
import { TensorValue } from '../tensor-value.js';
import { axisArg, every } from './axes.js';
import { constantLike, emit, operand, where } from './emit.js';
import { joined } from './joining.js';
import { range, sliced, swapped, unsqueezed } from './layout.js';
import { logSumExpOf, named, reduce, reduceExtreme } from './reductions.js';

/** The tensor in the type of its sums or products: int64 for integers. */
function countable(env: TorchEnv, args: Args): TensorValue {
  const x = args.tensor('input');
  return env.cast(x, args.dtype('dtype') ?? (isFloating(x.dtype) ? x.dtype : 'int64'));
}

const cumSum = fn('input, dim, *, dtype=', (env, args) => {
  const x = countable(env, args);
  const axis = axisArg(env, args, 'dim', x.rank);
  if (x.rank === 0) return x;
  return env.tensor(emit(env, 'CumSum', [x.value], {}, [env.graph.scalar(axis, 'int64')]), x.dtype);
});

/**
 * The elements up to each position, along a new last dimension, with `neutral` after them. A
 * reduction over that dimension replaces an accumulation that ONNX lacks.
 */
function upToEach(
  env: TorchEnv,
  x: TensorValue,
  axis: number,
  neutral: GraphValue,
): { readonly rows: GraphValue; readonly sizes: Size[] } {
  const count = env.sizeOf(x, axis);
  const last = swapped(env, x.value, axis, x.rank - 1);
  const places = range(env, count);
  const allowed = env.graph.op('LessOrEqual', [places, unsqueezed(env, places, 1)]);
  const rows = where(env, allowed, unsqueezed(env, last, x.rank - 1), neutral);
  const sizes = env.sizes(env.tensor(last, x.dtype));
  return { rows: env.withSizes(rows, [...sizes, count]), sizes };
}

const accumulated = (
  env: TorchEnv,
  x: TensorValue,
  axis: number,
  neutral: number,
  reduction: (rows: GraphValue) => GraphValue,
): GraphValue => {
  if (x.rank === 0) return x.value;
  const { rows } = upToEach(env, x, axis, constantLike(env, neutral, x.value));
  return swapped(env, reduction(rows), axis, x.rank - 1);
};

const cumProd = fn('input, dim, *, dtype=', (env, args) => {
  const x = countable(env, args);
  const axis = axisArg(env, args, 'dim', x.rank);
  const value = accumulated(env, x, axis, 1, (rows) =>
    reduce(env, 'ReduceProd', rows, [x.rank], false),
  );
  return env.tensor(value, x.dtype);
});

const logCumSumExp = fn('input, dim', (env, args) => {
  const given = args.tensor('input');
  const x = env.cast(given, floatResult(given.dtype));
  const axis = axisArg(env, args, 'dim', x.rank);
  const value = accumulated(env, x, axis, -Infinity, (rows) =>
    logSumExpOf(env, rows, [x.rank], false),
  );
  return env.tensor(value, x.dtype);
});

/** The largest or smallest element up to each position, and its last index. */
const cumExtreme = (op: 'Max' | 'Min'): TorchFunction =>
  fn('input, dim', (env, args) => {
    const given = args.tensor('input');
    const name = `cum${op.toLowerCase()}`;
    const x = isFloating(given.dtype) ? given : env.cast(given, 'float64');
    const result = (values: GraphValue, indices: GraphValue): Tuple =>
      named(
        env,
        name,
        ['values', 'indices'],
        [env.cast(env.tensor(values, x.dtype), given.dtype), env.tensor(indices, 'int64')],
      );
    const axis = axisArg(env, args, 'dim', x.rank);
    if (x.rank === 0) return result(x.value, env.graph.scalar(0, 'int64'));
    const worst = op === 'Max' ? -Infinity : Infinity;
    const { rows } = upToEach(env, x, axis, constantLike(env, worst, x.value));
    const best = reduceExtreme(env, `Reduce${op}`, rows, [x.rank], false);
    const back = (value: GraphValue): GraphValue => swapped(env, value, axis, x.rank - 1);
    const found = lastPlace(env, x, axis, best, op);
    return result(back(best), back(found));
  });

/** For each position, the last index at or before it with the best element so far. */
function lastPlace(
  env: TorchEnv,
  x: TensorValue,
  axis: number,
  best: GraphValue,
  op: 'Max' | 'Min',
): GraphValue {
  const last = swapped(env, x.value, axis, x.rank - 1);
  const places = range(env, env.sizeOf(x, axis));
  const isBest = emit(env, op === 'Max' ? 'GreaterOrEqual' : 'LessOrEqual', [last, best]);
  // NaN counts as equal to NaN.
  const nan = emit(env, 'IsNaN', [last]);
  const counts = env.graph.op('Or', [isBest, nan]);
  const marked = where(env, counts, places, env.graph.scalar(-1, 'int64'));
  const { rows } = upToEach(
    env,
    env.tensor(marked, 'int64'),
    x.rank - 1,
    env.graph.scalar(-1, 'int64'),
  );
  return emit(env, 'ReduceMax', [rows], { axes: [x.rank], keepdims: 0 });
}

const diff = fn('input, n=, dim=, prepend=, append=', (env, args) => {
  let x = args.tensor('input');
  const axis = axisArg(env, args, 'dim', x.rank, -1);
  if (x.rank === 0)
    throw env.ctx.raise('RuntimeError', 'diff expects input to be at least one-dimensional');
  const parts = [args.maybeTensor('prepend'), x, args.maybeTensor('append')];
  const given = parts.filter((part) => part !== undefined);
  if (given.length > 1) x = joined(env, given, axis);
  const times = args.int('n', 1);
  for (let i = 0; i < times; i++) {
    const [later, earlier] = [sliced(env, x.value, axis, 1), sliced(env, x.value, axis, 0, -1)];
    const size = SymSize.extreme('Max', SymSize.add(env.sizeOf(x, axis), 1, -1), 0);
    const sizes = env.sizes(x).with(axis, size);
    const sized = [later, earlier].map((value) => env.withSizes(value, sizes));
    const value = x.dtype === 'bool' ? env.graph.op('Xor', sized) : emit(env, 'Sub', sized);
    x = env.tensor(value, x.dtype);
  }
  return x;
});

/** The area below a curve: the means of neighbours times their distance. */
const trapezoid = (cumulative: boolean): TorchFunction =>
  fn('y, x=, *, dx=, dim=', (env, args) => {
    const given = args.tensor('y');
    const y = isFloating(given.dtype) ? given : env.cast(given, 'float32');
    const axis = axisArg(env, args, 'dim', y.rank, -1);
    const pairs = [sliced(env, y.value, axis, 1), sliced(env, y.value, axis, 0, -1)];
    const sums = env.tensor(emit(env, 'Add', pairs), y.dtype);
    let widths: TensorValue | undefined;
    if (args.has('x')) {
      const x = args.tensor('x');
      const own = x.rank === 1 && y.rank > 1 ? onAxis(env, x, axis, y.rank) : x;
      const at = own.rank - (y.rank - axis);
      const ends = [sliced(env, own.value, at, 1), sliced(env, own.value, at, 0, -1)];
      widths = env.tensor(emit(env, 'Sub', ends), own.dtype);
    }
    const dx = args.has('dx') ? operand(env, args, 'dx') : 1;
    const areas = env.tensorOf('torch.mul', [sums, widths ?? dx]);
    const half = env.tensorOf('torch.mul', [areas, 0.5]);
    return env.apply(cumulative ? 'torch.cumsum' : 'torch.sum', [half, BigInt(axis - y.rank)]);
  });

const onAxis = (env: TorchEnv, x: TensorValue, axis: number, rank: number): TensorValue => {
  const sizes = every(rank).map((i): Size => (i === axis ? env.sizeOf(x, 0) : 1));
  return env.tensor(env.reshape(x.value, sizes), x.dtype);
};

/** Sums, products and extremes up to each position. */
export const cumulative: TorchTable = {
  'torch.cumsum|Tensor.cumsum': cumSum,
  'torch.cumprod|Tensor.cumprod': cumProd,
  'torch.logcumsumexp|Tensor.logcumsumexp': logCumSumExp,
  'torch.cummax|Tensor.cummax': cumExtreme('Max'),
  'torch.cummin|Tensor.cummin': cumExtreme('Min'),
  'torch.diff|Tensor.diff': diff,
  'torch.trapezoid|torch.trapz': trapezoid(false),
  'torch.cumulative_trapezoid': trapezoid(true),
};
