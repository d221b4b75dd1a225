import { Builtin, ClassValue, PropertyValue, Tuple, type Value } from '../../../python/values.js';
import type { Value as GraphValue } from '../../graph.js';
import type { TorchEnv } from '../env.js';
import { floatResult, isFloating } from '../promotion.js';
import { SymSize, type Size } from '../size.js';
import { fn, type Args, type TorchFunction, type TorchTable } from '../table.js';
import type { TensorValue, TorchDType } from '../tensor-value.js';
import { axesArg, axisArg, axisOf, every } from './axes.js';
import { cast, constantLike, emit, where } from './emit.js';
import { extreme, both } from './pointwise.js';

/** Before opset 18 the axes of every reduction except ReduceSum are an attribute. */
export function reduce(
  env: TorchEnv,
  op: string,
  value: GraphValue,
  axes: readonly number[],
  keep: boolean,
): GraphValue {
  // A tensor without dimensions has one element, so only the caller's function of it remains.
  if (value.rank === 0) return value;
  if (axes.length === 0) return value;
  const keepdims = Number(keep);
  if (op === 'ReduceSum') {
    return emit(env, op, [value], { keepdims }, [env.graph.axes(...axes)]);
  }
  return emit(env, op, [value], { axes, keepdims });
}

/** The largest or smallest elements. Unlike ONNX, torch returns NaN if one is NaN. */
export function reduceExtreme(
  env: TorchEnv,
  op: 'ReduceMax' | 'ReduceMin',
  value: GraphValue,
  axes: readonly number[],
  keep: boolean,
): GraphValue {
  const result = reduce(env, op, value, axes, keep);
  if (value.rank === 0 || !value.dtype.startsWith('float')) return result;
  return emit(env, 'Add', [result, nanOf(env, value, axes, keep)]);
}

/** 0, or NaN if an element is NaN. */
export function nanOf(
  env: TorchEnv,
  value: GraphValue,
  axes: readonly number[],
  keep: boolean,
): GraphValue {
  const zero = constantLike(env, 0, value);
  return reduce(env, 'ReduceSum', emit(env, 'Clip', [value, zero, zero]), axes, keep);
}

/** torch's named tuples. */
const resultTypes = new Map<string, ClassValue>();

export function named(
  env: TorchEnv,
  name: string,
  fields: readonly string[],
  items: readonly Value[],
): Tuple {
  const key = `${name} ${fields.join(' ')}`;
  let cls = resultTypes.get(key);
  if (!cls) {
    const properties = fields.map((field, at): [string, Value] => [
      field,
      new PropertyValue(new Builtin(field, (_, [self]) => (self as Tuple).items[at]!)),
    ]);
    const tuple = env.ctx.resolve('builtins.tuple');
    const bases = tuple instanceof ClassValue ? [tuple] : [];
    cls = new ClassValue(name, `torch.return_types.${name}`, bases, properties);
    resultTypes.set(key, cls);
  }
  return new Tuple(items, cls);
}

const keepArg = (args: Args): boolean => args.bool('keepdim', false);

/** The tensor in the requested `dtype`, or in the type of sums: int64 for integers. */
function summable(env: TorchEnv, args: Args): TensorValue {
  const x = args.tensor('input');
  return env.cast(x, args.dtype('dtype') ?? (isFloating(x.dtype) ? x.dtype : 'int64'));
}

const sum = fn('input, dim=, keepdim=, *, dtype=', (env, args) => {
  const x = summable(env, args);
  const axes = axesArg(env, args, 'dim', x.rank);
  return env.tensor(reduce(env, 'ReduceSum', x.value, axes, keepArg(args)), x.dtype);
});

/** A product is over one dimension or over all. */
const prod = fn('input, dim=, keepdim=, *, dtype=', (env, args) => {
  const x = summable(env, args);
  const axes = args.has('dim') ? [axisArg(env, args, 'dim', x.rank)] : every(x.rank);
  return env.tensor(reduce(env, 'ReduceProd', x.value, axes, keepArg(args)), x.dtype);
});

/** How many elements are reduced to one. */
const countOf = (env: TorchEnv, x: TensorValue, axes: readonly number[]): Size =>
  SymSize.product(axes.filter((axis) => axis < x.rank).map((axis) => env.sizeOf(x, axis)));

/** @throws a RuntimeError of Python for integers */
function floating(env: TorchEnv, args: Args): TensorValue {
  const x = args.tensor('input');
  const result = env.cast(x, args.dtype('dtype') ?? x.dtype);
  if (isFloating(result.dtype)) return result;
  throw env.ctx.raise(
    'RuntimeError',
    `${args.name}(): could not infer output dtype. Input dtype must be either a floating point or complex dtype. Got: ${x.dtype}`,
  );
}

function mean(env: TorchEnv, x: TensorValue, axes: readonly number[], keep: boolean): GraphValue {
  // The mean of no elements is 0 in onnxruntime and NaN in torch.
  if (countOf(env, x, axes) === 0) {
    const total = reduce(env, 'ReduceSum', x.value, axes, keep);
    return emit(env, 'Div', [total, constantLike(env, 0, total)]);
  }
  return reduce(env, 'ReduceMean', x.value, axes, keep);
}

/**
 * The dimensions and the correction of a variance. `x.var(False)` is over all elements and
 * uncorrected.
 */
function varianceArgs(
  env: TorchEnv,
  args: Args,
  rank: number,
): { readonly axes: number[]; readonly correction: number } {
  const first = args.raw('dim');
  const unbiased = typeof first === 'boolean' ? first : args.bool('unbiased', true);
  return {
    axes: typeof first === 'boolean' ? every(rank) : axesArg(env, args, 'dim', rank),
    correction: args.has('correction') ? args.float('correction') : Number(unbiased),
  };
}

/** Variances and means. */
function variance(
  env: TorchEnv,
  args: Args,
): { readonly spread: GraphValue; readonly centre: GraphValue; readonly dtype: TorchDType } {
  const x = floating(env, args);
  const { axes, correction } = varianceArgs(env, args, x.rank);
  const keep = keepArg(args);
  const kept = mean(env, x, axes, true);
  const gap = emit(env, 'Sub', [x.value, kept]);
  const squares = emit(env, 'Mul', [gap, gap]);
  const centre =
    keep || x.rank === 0 ? kept : env.graph.op('Squeeze', [kept, env.graph.axes(...axes)]);
  const count = countOf(env, x, axes);
  if (correction === 0 && count !== 0) {
    return { spread: reduce(env, 'ReduceMean', squares, axes, keep), centre, dtype: x.dtype };
  }
  const total = reduce(env, 'ReduceSum', squares, axes, keep);
  if (typeof count === 'number') {
    const by = constantLike(env, Math.max(0, count - correction), total);
    return { spread: emit(env, 'Div', [total, by]), centre, dtype: x.dtype };
  }
  const number = cast(env, env.sizeScalar(count), total.dtype);
  const left = emit(env, 'Sub', [number, constantLike(env, correction, total)]);
  const by = emit(env, 'Max', [left, constantLike(env, 0, total)]);
  return { spread: emit(env, 'Div', [total, by]), centre, dtype: x.dtype };
}

const varianceParameters = 'input, dim=, unbiased=, keepdim=, *, correction=';

/** Variances or standard deviations, alone or with the means. */
const spread = (root: boolean, withMean: boolean): TorchFunction =>
  fn(varianceParameters, (env, args) => {
    const { spread: square, centre, dtype } = variance(env, args);
    const result = env.tensor(root ? emit(env, 'Sqrt', [square]) : square, dtype);
    return withMean ? new Tuple([result, env.tensor(centre, dtype)]) : result;
  });

/** The first index of the largest or smallest element. NaN wins. */
function placeOf(
  env: TorchEnv,
  op: 'ArgMax' | 'ArgMin',
  value: GraphValue,
  axis: number,
  keep: boolean,
): GraphValue {
  if (value.rank === 0) return env.graph.scalar(0, 'int64');
  const found = emit(env, op, [value], { axis, keepdims: Number(keep) });
  if (!value.dtype.startsWith('float')) return found;
  const nan = cast(env, emit(env, 'IsNaN', [value]), 'uint8');
  const at = emit(env, 'ArgMax', [nan], { axis, keepdims: Number(keep) });
  const any = cast(
    env,
    emit(env, 'ReduceMax', [nan], { axes: [axis], keepdims: Number(keep) }),
    'bool',
  );
  return where(env, any, at, found);
}

const place = (op: 'ArgMax' | 'ArgMin'): TorchFunction =>
  fn('input, dim=, keepdim=', (env, args) => {
    const x = args.tensor('input');
    if (x.dtype === 'bool')
      throw env.ctx.raise('RuntimeError', `${args.name} is not implemented for bool`);
    if (args.has('dim')) {
      const axis = axisArg(env, args, 'dim', x.rank);
      return env.tensor(placeOf(env, op, x.value, axis, keepArg(args)), 'int64');
    }
    const found = placeOf(env, op, env.reshape(x.value, [-1]), 0, false);
    const sizes = every(x.rank).map((): Size => 1);
    return env.tensor(keepArg(args) ? env.reshape(found, sizes) : found, 'int64');
  });

/** `max(x)`, `max(x, dim)`, `max(x, other)`. */
const largest = (op: 'Max' | 'Min'): TorchFunction =>
  fn('input, dim=, keepdim=, *, other=', (env, args) => {
    const x = args.tensor('input');
    const other = args.raw('other') ?? args.raw('dim');
    if (env.isOperand(other) && typeof other === 'object') {
      return both(env, x, other, extreme(op));
    }
    const reduction = op === 'Max' ? 'ReduceMax' : 'ReduceMin';
    if (!args.has('dim')) {
      return env.tensor(reduceExtreme(env, reduction, x.value, every(x.rank), false), x.dtype);
    }
    const axis = axisArg(env, args, 'dim', x.rank);
    const keep = keepArg(args);
    const values = reduceExtreme(env, reduction, x.value, [axis], keep);
    const indices = placeOf(env, op === 'Max' ? 'ArgMax' : 'ArgMin', x.value, axis, keep);
    return named(
      env,
      op.toLowerCase(),
      ['values', 'indices'],
      [env.tensor(values, x.dtype), env.tensor(indices, 'int64')],
    );
  });

const extremes = (op: 'ReduceMax' | 'ReduceMin'): TorchFunction =>
  fn('input, dim=, keepdim=', (env, args) => {
    const x = args.tensor('input');
    const axes = axesArg(env, args, 'dim', x.rank);
    return env.tensor(reduceExtreme(env, op, x.value, axes, keepArg(args)), x.dtype);
  });

const aminmax = fn('input, *, dim=, keepdim=', (env, args) => {
  const x = args.tensor('input');
  const axes = args.has('dim') ? [axisArg(env, args, 'dim', x.rank)] : every(x.rank);
  const ends = (['ReduceMin', 'ReduceMax'] as const).map((op) =>
    env.tensor(reduceExtreme(env, op, x.value, axes, keepArg(args)), x.dtype),
  );
  return named(env, 'aminmax', ['min', 'max'], ends);
});

/** Whether any or all elements are not 0. The result for uint8 is uint8, as in torch. */
const truths = (op: 'ReduceMax' | 'ReduceMin'): TorchFunction =>
  fn('input, dim=, keepdim=', (env, args) => {
    const x = args.tensor('input');
    const axes = axesArg(env, args, 'dim', x.rank);
    const truth = env.cast(x, 'bool').value;
    const result = reduce(env, op, cast(env, truth, 'uint8'), axes, keepArg(args));
    return env.tensor(result, x.dtype === 'uint8' ? 'uint8' : 'bool');
  });

const countNonzero = fn('input, dim=', (env, args) => {
  const x = args.tensor('input');
  const axes = axesArg(env, args, 'dim', x.rank);
  const ones = env.cast(env.cast(x, 'bool'), 'int64').value;
  return env.tensor(reduce(env, 'ReduceSum', ones, axes, false), 'int64');
});

const logSumExp = fn('input, dim, keepdim=', (env, args) => {
  const given = args.tensor('input');
  const x = env.cast(given, floatResult(given.dtype));
  const axes = axesArg(env, args, 'dim', x.rank);
  return env.tensor(logSumExpOf(env, x.value, axes, keepArg(args)), x.dtype);
});

/** onnxruntime's own operator turns an infinite sum into NaN. */
export function logSumExpOf(
  env: TorchEnv,
  value: GraphValue,
  axes: readonly number[],
  keep: boolean,
): GraphValue {
  if (value.rank === 0) return value;
  return reduce(env, 'ReduceLogSumExp', value, axes, keep);
}

/** NaN counts as missing. */
const nanSum = fn('input, dim=, keepdim=, *, dtype=', (env, args) => {
  const x = summable(env, args);
  const axes = axesArg(env, args, 'dim', x.rank);
  const value = isFloating(x.dtype) ? withoutNaN(env, x.value) : x.value;
  return env.tensor(reduce(env, 'ReduceSum', value, axes, keepArg(args)), x.dtype);
});

const withoutNaN = (env: TorchEnv, value: GraphValue): GraphValue =>
  where(env, emit(env, 'IsNaN', [value]), constantLike(env, 0, value), value);

const nanMean = fn('input, dim=, keepdim=, *, dtype=', (env, args) => {
  const x = floating(env, args);
  const axes = axesArg(env, args, 'dim', x.rank);
  const total = reduce(env, 'ReduceSum', withoutNaN(env, x.value), axes, keepArg(args));
  const valid = cast(env, env.graph.op('Not', [emit(env, 'IsNaN', [x.value])]), x.value.dtype);
  const count = reduce(env, 'ReduceSum', valid, axes, keepArg(args));
  return env.tensor(emit(env, 'Div', [total, count]), x.dtype);
});

/** The p-norm of vectors. */
export function vectorNorm(
  env: TorchEnv,
  x: TensorValue,
  p: number,
  axes: readonly number[],
  keep: boolean,
): TensorValue {
  const size = (): GraphValue => emit(env, 'Abs', [x.value]);
  const result = (value: GraphValue): TensorValue => env.tensor(value, x.dtype);
  if (x.rank === 0 && p !== 0) return result(size());
  switch (p) {
    case 2:
      return result(reduce(env, 'ReduceL2', x.value, axes, keep));
    case 1:
      return result(reduce(env, 'ReduceL1', x.value, axes, keep));
    case Infinity:
      return result(reduceExtreme(env, 'ReduceMax', size(), axes, keep));
    case -Infinity:
      return result(reduceExtreme(env, 'ReduceMin', size(), axes, keep));
    case 0: {
      const ones = cast(env, env.cast(x, 'bool').value, x.value.dtype);
      return result(reduce(env, 'ReduceSum', ones, axes, keep));
    }
    default: {
      const powers = emit(env, 'Pow', [size(), constantLike(env, p, x.value)]);
      const total = reduce(env, 'ReduceSum', powers, axes, keep);
      return result(emit(env, 'Pow', [total, constantLike(env, 1 / p, x.value)]));
    }
  }
}

function normOrder(env: TorchEnv, args: Args, name: string): number | 'fro' | 'nuc' {
  const p = args.raw(name);
  if (p === undefined || p === null) return 2;
  if (p === 'fro' || p === 'nuc') return p;
  if (p === 'inf') return Infinity;
  if (p === '-inf') return -Infinity;
  if (typeof p === 'string')
    throw env.ctx.raise('RuntimeError', `${args.name}: unknown order ${p}`);
  return args.float(name);
}

/** torch.norm: every p is a vector norm, over all named dimensions. */
const norm = fn('input, p=, dim=, keepdim=, dtype=', (env, args) => {
  const x = floating(env, args);
  const order = normOrder(env, args, 'p');
  if (order === 'nuc') throw env.ctx.unsupported('torch.norm of the order nuc');
  const axes = axesArg(env, args, 'dim', x.rank);
  return vectorNorm(env, x, order === 'fro' ? 2 : order, axes, keepArg(args));
});

const vectorNormFunction = fn('input, ord=, dim=, keepdim=, *, dtype=', (env, args) => {
  const x = floating(env, args);
  const order = normOrder(env, args, 'ord');
  if (typeof order === 'string')
    throw env.ctx.raise('RuntimeError', 'vector_norm: ord must be a number');
  return vectorNorm(env, x, order, axesArg(env, args, 'dim', x.rank), keepArg(args));
});

function matrixNorm(env: TorchEnv, args: Args, x: TensorValue, axes: number[]): TensorValue {
  const order = args.has('ord') ? normOrder(env, args, 'ord') : 'fro';
  const keep = keepArg(args);
  const [rows, columns] = axes as [number, number];
  if (order === 'fro') return vectorNorm(env, x, 2, axes, keep);
  if (order === 'nuc' || order === 2 || order === -2) {
    throw env.ctx.unsupported(`${args.name} of the order ${order}, which needs singular values`);
  }
  const inner = Math.abs(order) === 1 ? rows : columns;
  const outer = Math.abs(order) === 1 ? columns : rows;
  const sums = reduce(env, 'ReduceL1', x.value, [inner], true);
  const op = order > 0 ? 'ReduceMax' : 'ReduceMin';
  const most = reduceExtreme(env, op, sums, [outer], true);
  return env.tensor(
    keep ? most : env.graph.op('Squeeze', [most, env.graph.axes(...axes)]),
    x.dtype,
  );
}

const linalgNorm = fn('input, ord=, dim=, keepdim=, *, dtype=', (env, args) => {
  const x = floating(env, args);
  const dims = args.ints('dim');
  const axes = dims?.map((axis) => axisOf(env, axis, x.rank));
  if (!args.has('ord')) return vectorNorm(env, x, 2, axes ?? every(x.rank), keepArg(args));
  if (axes?.length === 2 || (!axes && x.rank === 2)) {
    return matrixNorm(env, args, x, axes ?? [0, 1]);
  }
  const order = normOrder(env, args, 'ord');
  if (typeof order === 'string' || (!axes && x.rank !== 1)) {
    throw env.ctx.raise('RuntimeError', 'linalg.norm: ord does not go with these dimensions');
  }
  return vectorNorm(env, x, order, axes ?? every(x.rank), keepArg(args));
});

const matrixNormFunction = fn('input, ord=, dim=, keepdim=, *, dtype=', (env, args) => {
  const x = floating(env, args);
  const axes = (args.ints('dim') ?? [-2, -1]).map((axis) => axisOf(env, axis, x.rank));
  return matrixNorm(env, args, x, axes);
});

const dist = fn('input, other, p=', (env, args) => {
  const gap = both(env, args.tensor('input'), args.tensor('other'), (_, a, b) =>
    emit(env, 'Sub', [a, b]),
  );
  return vectorNorm(env, gap, args.float('p', 2), every(gap.rank), false);
});

/** Operations that reduce dimensions to one number. */
export const reductions: TorchTable = {
  'torch.sum|Tensor.sum': sum,
  'torch.prod|Tensor.prod': prod,
  'torch.mean|Tensor.mean': fn('input, dim=, keepdim=, *, dtype=', (env, args) => {
    const x = floating(env, args);
    return env.tensor(mean(env, x, axesArg(env, args, 'dim', x.rank), keepArg(args)), x.dtype);
  }),
  'torch.nansum|Tensor.nansum': nanSum,
  'torch.nanmean|Tensor.nanmean': nanMean,
  'torch.max|Tensor.max': largest('Max'),
  'torch.min|Tensor.min': largest('Min'),
  'torch.amax|Tensor.amax': extremes('ReduceMax'),
  'torch.amin|Tensor.amin': extremes('ReduceMin'),
  'torch.aminmax|Tensor.aminmax': aminmax,
  'torch.argmax|Tensor.argmax': place('ArgMax'),
  'torch.argmin|Tensor.argmin': place('ArgMin'),
  'torch.any|Tensor.any': truths('ReduceMax'),
  'torch.all|Tensor.all': truths('ReduceMin'),
  'torch.count_nonzero|Tensor.count_nonzero': countNonzero,
  'torch.var|Tensor.var': spread(false, false),
  'torch.std|Tensor.std': spread(true, false),
  'torch.var_mean': spread(false, true),
  'torch.std_mean': spread(true, true),
  'torch.logsumexp|Tensor.logsumexp|torch.special.logsumexp': logSumExp,
  'torch.norm|Tensor.norm': norm,
  'torch.linalg.vector_norm': vectorNormFunction,
  'torch.linalg.matrix_norm': matrixNormFunction,
  'torch.linalg.norm': linalgNorm,
  'torch.dist|Tensor.dist': dist,
};
