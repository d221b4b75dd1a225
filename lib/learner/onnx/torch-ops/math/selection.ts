import { Tuple, type Value } from '../../../python/values.js';
import type { Value as GraphValue } from '../../graph.js';
import type { TorchEnv } from '../env.js';
import { isFloating, isIntegral } from '../promotion.js';
import { SymSize, sizeOperand, type Size } from '../size.js';
import { fn, type Args, type TorchFunction, type TorchTable } from '../table.js';
import { TensorValue } from '../tensor-value.js';
import { axisArg, every } from './axes.js';
import { cast, constantLike, emit, emitAll, operand, promoted, where } from './emit.js';
import { knownSize, part, selected, sliced, transposed, unsqueezed } from './layout.js';
import { named, nanOf } from './reductions.js';
import { broadcastSizes, expanded } from './shapes.js';

/** Boolean conditions. Numbers are refused, as in torch. */
function truths(env: TorchEnv, args: Args, name: string): GraphValue {
  const tensor = args.tensor(name);
  if (tensor.dtype !== 'bool' && tensor.dtype !== 'uint8') {
    throw env.ctx.raise('RuntimeError', `${args.name}: expected ${name} to be a boolean tensor`);
  }
  return env.cast(tensor, 'bool').value;
}

const choose = fn('condition, input=, other=', (env, args) => {
  if (!args.has('input')) {
    throw env.ctx.unsupported('torch.where of a condition alone has a size that depends on values');
  }
  const condition = truths(env, args, 'condition');
  const { dtype, values } = promoted(env, [
    operand(env, args, 'input'),
    operand(env, args, 'other'),
  ]);
  return env.tensor(where(env, condition, values[0]!, values[1]!), dtype);
});

const chooseMethod = fn('input, condition, other', (env, args) =>
  env.apply('torch.where', [args.raw('condition')!, args.raw('input')!, args.raw('other')!]),
);

const maskedFill = fn('input, mask, value', (env, args) => {
  const x = args.tensor('input');
  const mask = args.tensor('mask');
  if (mask.dtype !== 'bool') {
    throw env.ctx.raise('RuntimeError', 'masked_fill_ only supports boolean masks');
  }
  const value = operand(env, args, 'value');
  if (value instanceof TensorValue && value.rank > 0) {
    throw env.ctx.raise('RuntimeError', 'masked_fill_ only supports a 0-dimensional value tensor');
  }
  const fill = env.operand(value, x.dtype);
  return env.tensor(where(env, mask.value, fill, x.value), x.dtype);
});

/** Indices as int64. */
function indexArg(env: TorchEnv, args: Args, name = 'index'): TensorValue {
  const index = args.tensor(name);
  if (!isIntegral(index.dtype)) {
    throw env.ctx.raise('RuntimeError', `${args.name}(): Expected dtype int32/int64 for index`);
  }
  return env.cast(index, 'int64');
}

const gather = fn('input, dim, index, *, sparse_grad=', (env, args) => {
  const x = args.tensor('input');
  const axis = axisArg(env, args, 'dim', x.rank);
  const index = indexArg(env, args);
  if (x.rank === 0) return env.tensor(env.expand(x.value, env.sizes(index)), x.dtype);
  sameRank(env, args, x, index);
  // The index may be smaller, as in torch. Elements beyond it are ignored.
  const cut = every(x.rank).reduce((value, i) => {
    const [own, wanted] = [env.sizeOf(x, i), env.sizeOf(index, i)];
    if (i === axis || SymSize.equal(own, wanted) === true) return value;
    return part(env, env.tensor(value, x.dtype), i, 0, wanted);
  }, x.value);
  return env.tensor(env.graph.op('GatherElements', [cut, index.value], { axis }), x.dtype);
});

function sameRank(env: TorchEnv, args: Args, a: TensorValue, b: TensorValue): void {
  if (Math.max(a.rank, 1) === Math.max(b.rank, 1)) return;
  throw env.ctx.raise(
    'RuntimeError',
    `${args.name}: the index does not have as many dimensions as the input`,
  );
}

/** Picks positions of one dimension by a vector. */
const indexSelect = fn('input, dim, index', (env, args) => {
  const x = args.tensor('input');
  const index = indexArg(env, args);
  if (index.rank > 1)
    throw env.ctx.raise('IndexError', 'index_select(): Index is supposed to be a vector');
  const axis = axisArg(env, args, 'dim', x.rank);
  if (x.rank === 0) return x;
  const vector = env.reshape(index.value, [-1]);
  return env.tensor(env.graph.op('Gather', [x.value, vector], { axis }), x.dtype);
});

const take = fn('input, index', (env, args) => {
  const x = args.tensor('input');
  const index = indexArg(env, args);
  return env.tensor(env.graph.op('Gather', [env.reshape(x.value, [-1]), index.value]), x.dtype);
});

const takeAlong = fn('input, indices, dim=', (env, args) => {
  const x = args.tensor('input');
  const index = indexArg(env, args, 'indices');
  if (!args.has('dim')) {
    const places = env.reshape(index.value, [-1]);
    return env.tensor(env.graph.op('Gather', [env.reshape(x.value, [-1]), places]), x.dtype);
  }
  sameRank(env, args, x, index);
  const axis = axisArg(env, args, 'dim', x.rank);
  // All dimensions except this one broadcast.
  const without = (tensor: TensorValue): TensorValue =>
    env.tensor(
      env.graph.assume(tensor.value, (tensor.value.shape ?? []).with(axis, 1)),
      tensor.dtype,
    );
  const common = broadcastSizes(env, [without(x), without(index)]);
  const along = (tensor: TensorValue): GraphValue =>
    expanded(env, tensor, common.with(axis, env.sizeOf(tensor, axis))).value;
  return env.tensor(env.graph.op('GatherElements', [along(x), along(index)], { axis }), x.dtype);
});

const reductions = new Map([
  ['add', 'add'],
  ['multiply', 'mul'],
]);

/** Writes `values` at the positions in `index`. */
function scattered(
  env: TorchEnv,
  args: Args,
  x: TensorValue,
  index: TensorValue,
  values: GraphValue,
  reduction = 'none',
): TensorValue {
  const axis = axisArg(env, args, 'dim', x.rank);
  if (x.rank === 0) throw env.ctx.unsupported(`${args.name} into a tensor without dimensions`);
  sameRank(env, args, x, index);
  const attributes = reduction === 'none' ? { axis } : { axis, reduction };
  const operands = [x.value, index.value, values];
  return env.tensor(env.graph.op('ScatterElements', operands, attributes), x.dtype);
}

/** The part of `src` that the index covers. */
function sourceFor(env: TorchEnv, args: Args, x: TensorValue, index: TensorValue): GraphValue {
  const source = args.raw('src') instanceof TensorValue ? args.tensor('src') : undefined;
  if (!source) {
    const value = operand(env, args, args.has('value') ? 'value' : 'src');
    return env.expand(env.operand(value, x.dtype), env.sizes(index));
  }
  if (source.dtype !== x.dtype) {
    throw env.ctx.raise(
      'RuntimeError',
      `${args.name}(): Expected self.dtype to be equal to src.dtype`,
    );
  }
  sameRank(env, args, source, index);
  return every(source.rank).reduce((value, i) => {
    const wanted = env.sizeOf(index, i);
    const same = SymSize.equal(env.sizeOf(source, i), wanted) === true;
    return same ? value : part(env, env.tensor(value, source.dtype), i, 0, wanted);
  }, source.value);
}

const scatter = fn('input, dim, index, src=, *, value=, reduce=', (env, args) => {
  const x = args.tensor('input');
  const index = indexArg(env, args);
  const reduction = args.has('reduce') ? reductions.get(args.string('reduce')) : 'none';
  if (reduction === undefined)
    throw env.ctx.raise('RuntimeError', 'reduce must be add or multiply');
  return scattered(env, args, x, index, sourceFor(env, args, x, index), reduction);
});

const scatterAdd = fn('input, dim, index, src', (env, args) => {
  const x = args.tensor('input');
  const index = indexArg(env, args);
  return scattered(env, args, x, index, sourceFor(env, args, x, index), 'add');
});

const scatterReduce = fn('input, dim, index, src, reduce, *, include_self=', (env, args) => {
  const x = args.tensor('input');
  const index = indexArg(env, args);
  const reduction = new Map([
    ['sum', 'add'],
    ['prod', 'mul'],
  ]).get(args.string('reduce'));
  if (reduction === undefined || !args.bool('include_self', true)) {
    throw env.ctx.unsupported(
      `torch.scatter_reduce by ${args.string('reduce')}, or without the input`,
    );
  }
  return scattered(env, args, x, index, sourceFor(env, args, x, index), reduction);
});

/** An index of one dimension, expanded to every element of `like`. */
function spread(
  env: TorchEnv,
  index: TensorValue,
  axis: number,
  sizes: readonly Size[],
): GraphValue {
  const shape = every(sizes.length).map((i): Size => (i === axis ? -1 : 1));
  return env.expand(env.reshape(index.value, shape), sizes);
}

const indexAdd = fn('input, dim, index, source, *, alpha=', (env, args) => {
  const x = args.tensor('input');
  let source = args.tensor('source');
  if (args.has('alpha')) source = env.tensorOf('torch.mul', [source, args.raw('alpha')!]);
  const axis = axisArg(env, args, 'dim', x.rank);
  const places = spread(env, indexArg(env, args), axis, env.sizes(source));
  return scattered(env, args, x, env.tensor(places, 'int64'), source.value, 'add');
});

const indexCopy = fn('input, dim, index, source', (env, args) => {
  const x = args.tensor('input');
  const source = args.tensor('source');
  const axis = axisArg(env, args, 'dim', x.rank);
  const places = spread(env, indexArg(env, args), axis, env.sizes(source));
  return scattered(env, args, x, env.tensor(places, 'int64'), source.value);
});

const indexFill = fn('input, dim, index, value', (env, args) => {
  const x = args.tensor('input');
  const index = indexArg(env, args);
  const axis = axisArg(env, args, 'dim', x.rank);
  const count = index.rank === 0 ? 1 : env.sizeOf(index, 0);
  const sizes = env.sizes(x).with(axis, count);
  const values = env.expand(env.operand(operand(env, args, 'value'), x.dtype), sizes);
  return scattered(env, args, x, env.tensor(spread(env, index, axis, sizes), 'int64'), values);
});

/** The largest or smallest `count` elements in order, and their indices. */
function sorted(
  env: TorchEnv,
  x: TensorValue,
  axis: number,
  count: Size,
  largest: boolean,
): [values: TensorValue, indices: TensorValue] {
  if (x.rank === 0) return [x, env.tensor(env.graph.scalar(0, 'int64'), 'int64')];
  const attributes = { axis, largest: Number(largest), sorted: 1 };
  const [values, indices] = emitAll(env, 'TopK', [x.value], attributes, [env.shape([count])]);
  const sizes = env.sizes(x).with(axis, count);
  return [
    env.tensor(env.withSizes(values!, sizes), x.dtype),
    env.tensor(env.withSizes(indices!, sizes), 'int64'),
  ];
}

const pair = (env: TorchEnv, name: string, items: readonly Value[]): Tuple =>
  named(env, name, ['values', 'indices'], items);

const topK = fn('input, k, dim=, largest=, sorted=', (env, args) => {
  const x = args.tensor('input');
  const axis = axisArg(env, args, 'dim', x.rank, -1);
  const k = sizeOperand(args.raw('k')) ?? args.int('k');
  const size = x.rank === 0 ? 1 : env.sizeOf(x, axis);
  if (typeof k === 'number' && typeof size === 'number' && (k > size || k < 0)) {
    throw env.ctx.raise('RuntimeError', 'selected index k out of range');
  }
  return pair(env, 'topk', sorted(env, x, axis, k, args.bool('largest', true)));
});

/** All elements in order. Equal elements keep their order, in torch and in onnxruntime. */
function allSorted(env: TorchEnv, args: Args): [values: TensorValue, indices: TensorValue] {
  const x = args.tensor('input');
  const axis = axisArg(env, args, 'dim', x.rank, -1);
  const size = x.rank === 0 ? 1 : env.sizeOf(x, axis);
  return sorted(env, x, axis, size, args.bool('descending', false));
}

const kthValue = fn('input, k, dim=, keepdim=', (env, args) => {
  const x = args.tensor('input');
  const axis = axisArg(env, args, 'dim', x.rank, -1);
  const k = args.int('k');
  const size = x.rank === 0 ? 1 : env.sizeOf(x, axis);
  if (k < 1 || (typeof size === 'number' && k > size)) {
    throw env.ctx.raise('RuntimeError', 'kthvalue(): selected number k out of range');
  }
  return pair(env, 'kthvalue', last(env, sorted(env, x, axis, k, false), axis, k, args));
});

/** The last of some elements in order. */
function last(
  env: TorchEnv,
  both: readonly TensorValue[],
  axis: number,
  count: number,
  args: Args,
): TensorValue[] {
  return both.map((tensor) => {
    if (tensor.rank === 0) return tensor;
    const keep = args.bool('keepdim', false);
    const value = keep
      ? sliced(env, tensor.value, axis, count - 1, count)
      : selected(env, tensor.value, axis, count - 1);
    return env.tensor(value, tensor.dtype);
  });
}

/** The lower of the two middle elements. Without a dimension it is over all elements. */
const median = fn('input, dim=, keepdim=', (env, args) => {
  const given = args.tensor('input');
  const all = !args.has('dim');
  const x = all ? env.tensor(env.reshape(given.value, [-1]), given.dtype) : given;
  const axis = all ? 0 : axisArg(env, args, 'dim', x.rank);
  const size = x.rank === 0 ? 1 : knownSize(env, env.sizeOf(x, axis));
  const count = Math.ceil(size / 2);
  if (count === 0) throw env.ctx.unsupported('the median of an empty tensor');
  const [middle, indices] = last(env, sorted(env, x, axis, count, false), axis, count, args);
  const keep = !all && args.bool('keepdim', false);
  let value = middle!.value;
  // In torch the median of elements with a NaN is NaN.
  if (isFloating(x.dtype) && x.rank > 0) {
    value = emit(env, 'Add', [value, nanOf(env, x.value, [axis], keep)]);
  }
  const result = env.tensor(value, x.dtype);
  return all ? result : pair(env, 'median', [result, indices!]);
});

/** A quantile, interpolated between its two neighbours. */
const quantile = fn('input, q, dim=, keepdim=, *, interpolation=', (env, args) => {
  const given = args.tensor('input');
  if (!isFloating(given.dtype))
    throw env.ctx.raise('RuntimeError', 'quantile() input must be float');
  const all = !args.has('dim');
  const x = all ? env.tensor(env.reshape(given.value, [-1]), given.dtype) : given;
  const axis = all ? 0 : axisArg(env, args, 'dim', x.rank);
  const keep = args.bool('keepdim', false);
  const size = x.rank === 0 ? 1 : knownSize(env, env.sizeOf(x, axis));
  const given2 = args.raw('q');
  const q = given2 instanceof TensorValue ? given2.known : [args.float('q')];
  if (!q || q.some((one) => !(one >= 0 && one <= 1))) {
    throw env.ctx.unsupported(
      'torch.quantile of quantiles that are unknown, or not between 0 and 1',
    );
  }
  const [ordered] = sorted(env, x, axis, size, false);
  const missing = isFloating(x.dtype) ? nanOf(env, x.value, [axis], true) : undefined;
  const mode = args.string('interpolation', 'linear');
  const values = q.map((one) => {
    const place = one * (size - 1);
    const rounded = {
      lower: Math.floor(place),
      higher: Math.ceil(place),
      nearest: roundEven(place),
    };
    const weight = mode === 'midpoint' && place % 1 !== 0 ? 0.5 : place % 1;
    const at = (index: number): GraphValue => sliced(env, ordered.value, axis, index, index + 1);
    let value: GraphValue;
    if (Object.hasOwn(rounded, mode)) value = at(rounded[mode as 'lower']);
    else if (mode !== 'linear' && mode !== 'midpoint') {
      throw env.ctx.raise('RuntimeError', `quantile() interpolation cannot be ${mode}`);
    } else {
      const [low, high] = [at(Math.floor(place)), at(Math.ceil(place))];
      const step = emit(env, 'Mul', [
        emit(env, 'Sub', [high, low]),
        constantLike(env, weight, low),
      ]);
      value = emit(env, 'Add', [low, step]);
    }
    return missing ? emit(env, 'Add', [value, missing]) : value;
  });
  const results = values.map((value) => {
    if (keep && all)
      return env.reshape(
        value,
        every(given.rank).map(() => 1),
      );
    return keep ? value : env.graph.op('Squeeze', [value, env.graph.axes(axis)]);
  });
  if (given2 instanceof TensorValue && given2.rank > 0) {
    const rows = results.map((value) => unsqueezed(env, value, 0));
    return env.tensor(env.graph.op('Concat', rows, { axis: 0 }), x.dtype);
  }
  return env.tensor(results[0]!, x.dtype);
});

/** Halves go to the even neighbour. */
function roundEven(value: number): number {
  const low = Math.floor(value);
  if (value - low !== 0.5) return Math.round(value);
  return low % 2 === 0 ? low : low + 1;
}

/** The index of a value among the boundaries: how many of them come before it. */
function placesAmong(
  env: TorchEnv,
  value: TensorValue,
  boundaries: TensorValue,
  right: boolean,
  int32: boolean,
): TensorValue {
  const { values } = promoted(env, [value, boundaries]);
  const [x, bounds] = values as [GraphValue, GraphValue];
  const column = unsqueezed(env, x, x.rank ?? 0);
  // Each row has its own boundaries, or all share the same.
  const row = boundaries.rank > 1 ? unsqueezed(env, bounds, (bounds.rank ?? 1) - 1) : bounds;
  const before = right ? emit(env, 'LessOrEqual', [row, column]) : emit(env, 'Less', [row, column]);
  const axis = before.rank! - 1;
  const count = emit(env, 'ReduceSum', [cast(env, before, 'int64')], { keepdims: 0 }, [
    env.graph.axes(axis),
  ]);
  return env.tensor(cast(env, count, int32 ? 'int32' : 'int64'), int32 ? 'int32' : 'int64');
}

function asTensor(env: TorchEnv, value: Value | undefined): TensorValue {
  if (value instanceof TensorValue) return value;
  return env.tensorOf('torch.tensor', [value ?? null]);
}

const isRight = (args: Args): boolean =>
  args.bool('right', false) || (args.has('side') && args.string('side') === 'right');

const placesIn = (sequence: string) => (env: TorchEnv, args: Args) =>
  placesAmong(
    env,
    asTensor(env, args.raw('input')),
    args.tensor(sequence),
    isRight(args),
    args.bool('out_int32', false),
  );

const searchSorted = fn(
  'sorted_sequence, input, *, out_int32=, right=, side=, sorter=',
  (env, args) => {
    if (args.has('sorter')) throw env.ctx.unsupported('torch.searchsorted with a sorter');
    return placesIn('sorted_sequence')(env, args);
  },
);

const bucketize = fn('input, boundaries, *, out_int32=, right=', placesIn('boundaries'));

/** A diagonal, as a new last dimension. */
function diagonalOf(
  env: TorchEnv,
  x: TensorValue,
  offset: number,
  a: number,
  b: number,
): GraphValue {
  if (a === b) throw env.ctx.raise('RuntimeError', 'diagonal dimensions cannot be identical');
  const rest = every(x.rank).filter((axis) => axis !== a && axis !== b);
  const value = transposed(env, x.value, [...rest, a, b]);
  const [rows, columns] = [a, b].map((axis) => knownSize(env, env.sizeOf(x, axis)));
  const start = offset >= 0 ? offset : -offset * columns!;
  const count = Math.max(0, Math.min(rows! + Math.min(offset, 0), columns! - Math.max(offset, 0)));
  const sizes = [...rest.map((axis) => env.sizeOf(x, axis)), rows! * columns!];
  const places = env.graph.constant(
    every(count).map((i) => start + i * (columns! + 1)),
    'int64',
  );
  return env.graph.op('Gather', [env.reshape(value, sizes), places], { axis: rest.length });
}

const diagonal = (first: number, second: number): TorchFunction =>
  fn('input, offset=, dim1=, dim2=, *, dim=', (env, args) => {
    const x = args.tensor('input');
    const [a, b] = [
      axisArg(env, args, 'dim1', x.rank, first),
      axisArg(env, args, 'dim2', x.rank, second),
    ];
    return env.tensor(diagonalOf(env, x, args.int('offset', 0), a, b), x.dtype);
  });

/** Matrices with the last dimension as their diagonal. */
function diagonalMatrix(env: TorchEnv, x: TensorValue, offset: number): GraphValue {
  const size = knownSize(env, env.sizeOf(x, x.rank - 1));
  const side = size + Math.abs(offset);
  const pads = env.graph.axes(
    ...every(x.rank).map(() => 0),
    ...every(x.rank - 1).map(() => 0),
    Math.abs(offset),
  );
  const zero = env.graph.scalar(0, x.value.dtype);
  const long = offset === 0 ? x.value : env.graph.op('Pad', [x.value, pads, zero]);
  env.ctx.budget.charge(side * side);
  const mask = every(side).flatMap((row) =>
    every(side).map((column) => Number(column === row + offset)),
  );
  const onDiagonal = env.graph.constant(mask, 'bool', [side, side]);
  // A diagonal above the main one is read by rows, and one below it by columns.
  const placed = unsqueezed(env, long, offset >= 0 ? x.rank : x.rank - 1);
  return where(env, onDiagonal, placed, constantLike(env, 0, placed));
}

const diag = fn('input, diagonal=', (env, args) => {
  const x = args.tensor('input');
  const offset = args.int('diagonal', 0);
  if (x.rank === 1) return env.tensor(diagonalMatrix(env, x, offset), x.dtype);
  if (x.rank !== 2) throw env.ctx.raise('RuntimeError', 'diag(): Supports 1D or 2D tensors');
  return env.tensor(diagonalOf(env, x, offset, 0, 1), x.dtype);
});

const diagEmbed = fn('input, offset=, dim1=, dim2=', (env, args) => {
  const x = args.tensor('input');
  const rank = x.rank + 1;
  const [a, b] = [axisArg(env, args, 'dim1', rank, -2), axisArg(env, args, 'dim2', rank, -1)];
  const value = diagonalMatrix(env, x, args.int('offset', 0));
  let next = 0;
  const perm = every(rank).map((axis) => (axis === a ? rank - 2 : axis === b ? rank - 1 : next++));
  return env.tensor(transposed(env, value, perm), x.dtype);
});

const trace = fn('input', (env, args) => {
  const x = args.tensor('input');
  if (x.rank !== 2) throw env.ctx.raise('RuntimeError', 'trace: expected a matrix');
  return env.tensorOf('torch.sum', [env.tensor(diagonalOf(env, x, 0, 0, 1), x.dtype)]);
});

const triangle = (upper: boolean): TorchFunction =>
  fn('input, diagonal=', (env, args) => {
    const x = args.tensor('input');
    if (x.rank < 2)
      throw env.ctx.raise(
        'RuntimeError',
        `${args.name}: input tensor must have at least 2 dimensions`,
      );
    const k = env.graph.scalar(args.int('diagonal', 0), 'int64');
    return env.tensor(emit(env, 'Trilu', [x.value], { upper: Number(upper) }, [k]), x.dtype);
  });

/** Operations that pick elements by index, condition or order. */
export const selection: TorchTable = {
  'torch.where': choose,
  'Tensor.where': chooseMethod,
  'torch.masked_fill|Tensor.masked_fill': maskedFill,
  'torch.gather|Tensor.gather': gather,
  'torch.index_select|Tensor.index_select': indexSelect,
  'torch.take|Tensor.take': take,
  'torch.take_along_dim|Tensor.take_along_dim': takeAlong,
  'torch.scatter|Tensor.scatter': scatter,
  'torch.scatter_add|Tensor.scatter_add': scatterAdd,
  'torch.scatter_reduce|Tensor.scatter_reduce': scatterReduce,
  'torch.index_add|Tensor.index_add': indexAdd,
  'torch.index_copy|Tensor.index_copy': indexCopy,
  'torch.index_fill|Tensor.index_fill': indexFill,
  'torch.topk|Tensor.topk': topK,
  'torch.sort|Tensor.sort': fn('input, dim=, descending=, *, stable=', (env, args) =>
    pair(env, 'sort', allSorted(env, args)),
  ),
  'torch.argsort|Tensor.argsort': fn(
    'input, dim=, descending=, *, stable=',
    (env, args) => allSorted(env, args)[1],
  ),
  'torch.msort|Tensor.msort': fn('input', (env, args) => {
    const x = args.tensor('input');
    return x.rank === 0 ? x : sorted(env, x, 0, env.sizeOf(x, 0), false)[0];
  }),
  'torch.kthvalue|Tensor.kthvalue': kthValue,
  'torch.median|Tensor.median': median,
  'torch.quantile|Tensor.quantile': quantile,
  'torch.searchsorted': searchSorted,
  'torch.bucketize': bucketize,
  'torch.diagonal|Tensor.diagonal': diagonal(0, 1),
  'torch.linalg.diagonal': diagonal(-2, -1),
  'torch.diag|Tensor.diag': diag,
  'torch.diag_embed|Tensor.diag_embed': diagEmbed,
  'torch.trace|Tensor.trace': trace,
  'torch.tril|Tensor.tril': triangle(false),
  'torch.triu|Tensor.triu': triangle(true),
};
