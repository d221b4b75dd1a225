import { Tuple, type Value } from '../../../python/values.js';
import type { Value as GraphValue } from '../../graph.js';
import type { TorchEnv } from '../env.js';
import { resultType } from '../promotion.js';
import { SymSize, sizeOperand, type Size } from '../size.js';
import { fn, type Args, type TorchFunction, type TorchTable } from '../table.js';
import type { TensorValue } from '../tensor-value.js';
import { axisArg, axisOf, every } from './axes.js';
import { knownSize, part, unsqueezed } from './layout.js';
import { atLeast, expanded } from './shapes.js';

/** Concatenates tensors along a dimension. */
export function joined(env: TorchEnv, given: readonly TensorValue[], axis: number): TensorValue {
  if (given.length === 0)
    throw env.ctx.raise('RuntimeError', 'expected a non-empty list of Tensors');
  const dtype = resultType(...given);
  // torch accepts an empty vector among tensors of any rank.
  const tensors = given.filter(({ value }) => !(value.rank === 1 && value.shape?.[0] === 0));
  const [first] = tensors;
  if (!first) return env.cast(given[0]!, dtype);
  if (first.rank === 0) {
    throw env.ctx.raise('RuntimeError', 'zero-dimensional tensor cannot be concatenated');
  }
  const at = axisOf(env, axis, first.rank);
  for (const tensor of tensors) checkSizes(env, first, tensor, at);
  const values = tensors.map((tensor) => env.cast(tensor, dtype).value);
  if (values.length === 1) return env.tensor(values[0]!, dtype);
  const size = tensors
    .map((tensor) => env.sizeOf(tensor, at))
    .reduce<Size>((total, each) => SymSize.add(total, each), 0);
  const known = every(first.rank).map((i) => knownBest(env, tensors, i));
  const value = env.graph.op('Concat', values, { axis: at });
  return env.tensor(env.withSizes(value, known.with(at, size)), dtype);
}

function checkSizes(env: TorchEnv, a: TensorValue, b: TensorValue, axis: number): void {
  const fits =
    a.rank === b.rank &&
    env.sizes(a).every((size, i) => i === axis || SymSize.equal(size, env.sizeOf(b, i)) !== false);
  if (!fits) {
    throw env.ctx.raise(
      'RuntimeError',
      'Sizes of tensors must match except in the dimension of cat',
    );
  }
}

/** Of equal sizes, prefers one that is a number. */
function knownBest(env: TorchEnv, tensors: readonly TensorValue[], axis: number): Size {
  const sizes = tensors.map((tensor) => env.sizeOf(tensor, axis));
  return sizes.find((size) => typeof size === 'number') ?? sizes[0]!;
}

const cat = fn('tensors, dim=', (env, args) =>
  joined(env, args.tensors('tensors'), args.int('dim', 0)),
);

const stack = fn('tensors, dim=', (env, args) => {
  const tensors = args.tensors('tensors');
  const [first] = tensors;
  if (!first) throw env.ctx.raise('RuntimeError', 'stack expects a non-empty TensorList');
  const axis = axisOf(env, args.int('dim', 0), first.rank + 1);
  for (const tensor of tensors) checkSizes(env, first, tensor, -1);
  const parts = tensors.map(({ value, dtype }) => env.tensor(unsqueezed(env, value, axis), dtype));
  return joined(env, parts, axis);
});

/** `cat` of tensors that get at least that many dimensions. */
const stackAs = (rank: 1 | 2 | 3, axis: (first: TensorValue) => number): TorchFunction =>
  fn('tensors', (env, args) => {
    const tensors = args.tensors('tensors').map((tensor) => atLeast(env, tensor, rank));
    return joined(env, tensors, tensors[0] ? axis(tensors[0]) : 0);
  });

const columnStack = fn('tensors', (env, args) => {
  const columns = args.tensors('tensors').map((x) => {
    if (x.rank > 1) return x;
    return env.tensor(env.reshape(x.value, [x.rank === 0 ? 1 : env.sizeOf(x, 0), 1]), x.dtype);
  });
  return joined(env, columns, 1);
});

/** Splits into parts of these sizes, which add up to the size of the dimension. */
function parts(env: TorchEnv, x: TensorValue, axis: number, sizes: readonly Size[]): Tuple {
  env.ctx.budget.charge(sizes.length);
  if (sizes.length === 1) return new Tuple([env.tensor(x.value, x.dtype)]);
  if (sizes.every((size) => typeof size === 'number') && sizes.length <= MOST_KNOWN) {
    const operands = [x.value, env.graph.axes(...sizes)];
    const values = env.graph.ops('Split', operands, { axis });
    return new Tuple(values.map((value) => env.tensor(value, x.dtype)));
  }
  let start: Size = 0;
  return new Tuple(
    sizes.map((size) => {
      const value = part(env, x, axis, start, size);
      start = SymSize.add(start, size);
      return env.tensor(value, x.dtype);
    }),
  );
}

/** The graph's builder does not look into vectors of more elements. */
const MOST_KNOWN = 16;

/** Equal sizes; the last may be smaller. */
function even(env: TorchEnv, size: number, each: number): number[] {
  if (size === 0) return [0];
  if (each <= 0) throw env.ctx.raise('RuntimeError', 'split_size must be a positive number');
  env.ctx.budget.charge(Math.ceil(size / each));
  return every(Math.ceil(size / each)).map((i) => Math.min(each, size - i * each));
}

const splitParameters = (second: string): string => `input, ${second}, dim=`;

function split(env: TorchEnv, args: Args, name: string, tensor = 'input'): Value {
  const x = args.tensor(tensor);
  const axis = axisArg(env, args, 'dim', x.rank, 0);
  const size = env.sizeOf(x, axis);
  const given = args.raw(name);
  const each = sizeOperand(given);
  if (each !== undefined) {
    return parts(env, x, axis, even(env, knownSize(env, size), knownSize(env, each)));
  }
  const sizes = args.items(name).map((item) => sizeOperand(item) ?? Number(env.ctx.index(item)));
  const total = sizes.reduce<Size>((sum, one) => SymSize.add(sum, one), 0);
  if (SymSize.equal(total, size) === false) {
    throw env.ctx.raise(
      'RuntimeError',
      'split_with_sizes: the sizes do not add up to that of the dim',
    );
  }
  return parts(env, x, axis, sizes);
}

const chunk = fn('input, chunks, dim=', (env, args) => {
  const x = args.tensor('input');
  const axis = axisArg(env, args, 'dim', x.rank, 0);
  const count = args.int('chunks');
  if (count <= 0)
    throw env.ctx.raise('RuntimeError', 'chunk expects `chunks` to be greater than 0');
  const size = knownSize(env, env.sizeOf(x, axis));
  // An empty dimension gives as many empty parts as requested.
  if (size === 0)
    return parts(
      env,
      x,
      axis,
      every(count).map(() => 0),
    );
  return parts(env, x, axis, even(env, size, Math.ceil(size / count)));
});

/** Splits at indices, or into that many parts; the first parts may be longer by one. */
function tensorSplit(env: TorchEnv, x: TensorValue, axis: number, given: Value): Tuple {
  const size = knownSize(env, env.sizeOf(x, axis));
  const sections = sizeOperand(given);
  if (sections !== undefined) {
    const count = knownSize(env, sections);
    if (count <= 0) throw env.ctx.raise('RuntimeError', 'number of sections must be larger than 0');
    const [least, more] = [Math.floor(size / count), size % count];
    return parts(
      env,
      x,
      axis,
      every(count).map((i) => least + Number(i < more)),
    );
  }
  const clamped = [...env.ctx.iterate(given)].map((item) => {
    const index = Number(env.ctx.index(item));
    return Math.min(Math.max(index < 0 ? index + size : index, 0), size);
  });
  const bounds = [0, ...clamped, size];
  const slices = bounds.slice(1).map((end, i) => {
    const start = bounds[i]!;
    return env.tensor(part(env, x, axis, start, Math.max(0, end - start)), x.dtype);
  });
  return new Tuple(slices);
}

const tensorSplitFunction = fn(
  'input, indices_or_sections=, dim=, *, indices=, sections=',
  (env, args) => {
    const x = args.tensor('input');
    const axis = axisArg(env, args, 'dim', x.rank, 0);
    const given = args.raw('indices_or_sections') ?? args.raw('indices') ?? args.raw('sections');
    return tensorSplit(env, x, axis, given ?? null);
  },
);

/** `hsplit`, `vsplit` and `dsplit`: the size must be divisible by the number of parts. */
const splitAlong = (axisFor: (rank: number) => number, least: number): TorchFunction =>
  fn('input, indices_or_sections=, *, indices=, sections=', (env, args) => {
    const x = args.tensor('input');
    const given = args.raw('indices_or_sections') ?? args.raw('indices') ?? args.raw('sections');
    const axis = axisFor(x.rank);
    if (x.rank < least) {
      throw env.ctx.raise('RuntimeError', `${args.name} requires ${least} dimensions or more`);
    }
    const sections = sizeOperand(given);
    const size = sections === undefined ? 0 : knownSize(env, env.sizeOf(x, axis));
    if (sections !== undefined && size % knownSize(env, sections) !== 0) {
      throw env.ctx.raise(
        'RuntimeError',
        `${args.name}: the size is not divisible by the sections`,
      );
    }
    return tensorSplit(env, x, axis, given ?? null);
  });

/** Coordinates of a grid. */
function grid(env: TorchEnv, vectors: readonly TensorValue[]): TensorValue[] {
  const sizes = vectors.map((vector) => (vector.rank === 0 ? 1 : env.sizeOf(vector, 0)));
  return vectors.map((vector, axis) => {
    const shape = sizes.map((size, i): Size => (i === axis ? size : 1));
    const value = env.reshape(vector.value, shape);
    return expanded(env, env.tensor(value, vector.dtype), sizes);
  });
}

const meshgrid = fn('*tensors, indexing=', (env, args) => {
  const vectors = args.tensorsOf(args.rest);
  if (vectors.some(({ rank }) => rank > 1)) {
    throw env.ctx.raise('RuntimeError', 'meshgrid expects vectors');
  }
  const indexing = args.string('indexing', 'ij');
  if (indexing === 'ij' || vectors.length < 2) return new Tuple(grid(env, vectors));
  if (indexing !== 'xy')
    throw env.ctx.raise('RuntimeError', `meshgrid: indexing cannot be ${indexing}`);
  const [a, b, ...rest] = vectors as [TensorValue, TensorValue, ...TensorValue[]];
  const [second, first, ...others] = grid(env, [b, a, ...rest]);
  return new Tuple([first!, second!, ...others]);
});

const cartesianProd = fn('*tensors', (env, args) => {
  const vectors = args.tensorsOf(args.rest);
  if (vectors.length === 1) return vectors[0]!;
  const columns = grid(env, vectors).map(({ value, dtype }): TensorValue => {
    const flat = env.reshape(value, [-1]);
    return env.tensor(unsqueezed(env, flat, 1), dtype);
  });
  return joined(env, columns, 1);
});

const blockDiag = fn('*tensors', (env, args) => {
  const blocks = args.tensorsOf(args.rest).map((x) => atLeast(env, x, 2));
  const dtype = resultType(...blocks);
  const widths = blocks.map((block) => knownSize(env, env.sizeOf(block, 1)));
  const total = widths.reduce((sum, width) => sum + width, 0);
  let before = 0;
  const rows = blocks.map((block, i): TensorValue => {
    const value = env.cast(block, dtype).value;
    const behind = total - before - widths[i]!;
    const pads = env.graph.axes(0, before, 0, behind);
    before += widths[i]!;
    const padded = padWithZeros(env, value, pads);
    return env.tensor(padded, dtype);
  });
  return joined(env, rows, 0);
});

const padWithZeros = ({ graph }: TorchEnv, value: GraphValue, pads: GraphValue): GraphValue =>
  graph.op('Pad', [value, pads, graph.scalar(0, value.dtype)]);

/** Operations that join or split tensors. */
export const joining: TorchTable = {
  'torch.cat|torch.concat|torch.concatenate': cat,
  'torch.stack': stack,
  'torch.hstack': stackAs(1, (first) => (first.rank === 1 ? 0 : 1)),
  'torch.vstack|torch.row_stack': stackAs(2, () => 0),
  'torch.dstack': stackAs(3, () => 2),
  'torch.column_stack': columnStack,
  'torch.chunk|Tensor.chunk|torch.unsafe_chunk': chunk,
  'torch.split': fn('tensor, split_size_or_sections, dim=', (env, args) =>
    split(env, args, 'split_size_or_sections', 'tensor'),
  ),
  'Tensor.split': fn(splitParameters('split_size'), (env, args) => split(env, args, 'split_size')),
  'torch.split_with_sizes|Tensor.split_with_sizes': fn(
    splitParameters('split_sizes'),
    (env, args) => split(env, args, 'split_sizes'),
  ),
  'torch.tensor_split|Tensor.tensor_split': tensorSplitFunction,
  'torch.hsplit|Tensor.hsplit': splitAlong((rank) => (rank === 1 ? 0 : 1), 1),
  'torch.vsplit|Tensor.vsplit': splitAlong(() => 0, 2),
  'torch.dsplit|Tensor.dsplit': splitAlong(() => 2, 3),
  'torch.meshgrid': meshgrid,
  'torch.cartesian_prod': cartesianProd,
  'torch.block_diag': blockDiag,
};
