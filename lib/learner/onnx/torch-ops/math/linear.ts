import { List, Tuple, type Value } from '../../../python/values.js';
import type { Value as GraphValue } from '../../graph.js';
import type { TorchEnv } from '../env.js';
import { isFloating } from '../promotion.js';
import { SymSize, type Size } from '../size.js';
import { fn, type Args, type TorchFunction, type TorchTable } from '../table.js';
import { TensorValue } from '../tensor-value.js';
import { axisArg, axisOf, every } from './axes.js';
import { constantLike, emit, operand } from './emit.js';
import { einsum } from './einsum.js';
import { knownSize, swapped, unsqueezed } from './layout.js';
import { both } from './pointwise.js';
import { reduce, vectorNorm } from './reductions.js';

/** A product of matrices or vectors. torch does not promote types here. */
function product(env: TorchEnv, name: string, a: TensorValue, b: TensorValue): TensorValue {
  if (a.dtype !== b.dtype) {
    throw env.ctx.raise(
      'RuntimeError',
      `expected m1 and m2 to have the same dtype, but got: ${a.dtype} != ${b.dtype}`,
    );
  }
  if (a.rank === 0 || b.rank === 0 || a.dtype === 'bool') {
    throw env.ctx.raise(
      'RuntimeError',
      `${name}: both arguments need to be at least 1D, and numbers`,
    );
  }
  const inner = env.sizeOf(b, b.rank === 1 ? 0 : b.rank - 2);
  if (SymSize.equal(env.sizeOf(a, a.rank - 1), inner) === false) {
    throw env.ctx.raise('RuntimeError', 'mat1 and mat2 shapes cannot be multiplied');
  }
  return env.tensor(emit(env, 'MatMul', [a.value, b.value]), a.dtype);
}

/** A product of operands that must have these ranks. */
const productOf = (
  first: string,
  second: string,
  ranks: readonly [number, number],
): TorchFunction =>
  fn(`${first}, ${second}`, (env, args) => {
    const [a, b] = [args.tensor(first), args.tensor(second)];
    requireRanks(env, args, [a, b], ranks);
    return product(env, args.name, a, b);
  });

function requireRanks(
  env: TorchEnv,
  args: Args,
  tensors: readonly TensorValue[],
  ranks: readonly number[],
): void {
  tensors.forEach((tensor, i) => {
    if (tensor.rank === ranks[i]) return;
    throw env.ctx.raise(
      'RuntimeError',
      `${args.name}: expected a tensor of ${ranks[i]} dimensions, got one of ${tensor.rank}`,
    );
  });
  if (
    ranks[0] === 3 &&
    SymSize.equal(env.sizeOf(tensors[0]!, 0), env.sizeOf(tensors[1]!, 0)) === false
  ) {
    throw env.ctx.raise('RuntimeError', `${args.name}: the batches differ in size`);
  }
}

/** beta * input + alpha * (a @ b). */
const added = (
  first: string,
  second: string,
  ranks: readonly [number, number],
  combine = (_: TorchEnv, value: TensorValue): TensorValue => value,
): TorchFunction =>
  fn(`input, ${first}, ${second}, *, beta=, alpha=`, (env, args) => {
    const [a, b] = [args.tensor(first), args.tensor(second)];
    requireRanks(env, args, [a, b], ranks);
    let term = combine(env, product(env, args.name, a, b));
    if (args.has('alpha')) term = scaled(env, term, operand(env, args, 'alpha'));
    let input = args.tensor('input');
    // With beta = 0, torch ignores NaN in the input.
    if (args.has('beta')) {
      const beta = operand(env, args, 'beta');
      if (Number(beta) === 0)
        return env.tensor(env.expand(term.value, env.sizes(term)), term.dtype);
      input = scaled(env, input, beta);
    }
    return env.tensorOf('torch.add', [input, term]);
  });

const scaled = (env: TorchEnv, tensor: TensorValue, by: Value): TensorValue =>
  Number(by) === 1 ? tensor : env.tensorOf('torch.mul', [tensor, by]);

const sumOfBatch = (env: TorchEnv, value: TensorValue): TensorValue =>
  env.tensor(reduce(env, 'ReduceSum', value.value, [0], false), value.dtype);

const multiply = (env: TorchEnv, a: GraphValue, b: GraphValue): GraphValue =>
  emit(env, 'Mul', [a, b]);

/** The products of all pairs of elements of two vectors. */
function outerProduct(env: TorchEnv, a: TensorValue, b: TensorValue): TensorValue {
  if (a.rank !== 1 || b.rank !== 1) throw env.ctx.raise('RuntimeError', 'outer: expected vectors');
  const column = env.tensor(unsqueezed(env, a.value, 1), a.dtype);
  return env.tensorOf('torch.mul', [column, b]);
}

const outer = (second: string): TorchFunction =>
  fn(`input, ${second}`, (env, args) =>
    outerProduct(env, args.tensor('input'), args.tensor(second)),
  );

const addr = fn('input, vec1, vec2, *, beta=, alpha=', (env, args) => {
  let term = outerProduct(env, args.tensor('vec1'), args.tensor('vec2'));
  if (args.has('alpha')) term = scaled(env, term, operand(env, args, 'alpha'));
  const input = args.tensor('input');
  const beta = args.has('beta') ? operand(env, args, 'beta') : 1n;
  return env.tensorOf('torch.add', [scaled(env, input, beta), term]);
});

/** Sums over the last dimension of both. */
const inner = fn('input, other', (env, args) => {
  const [a, b] = [args.tensor('input'), args.tensor('other')];
  if (a.rank === 0 || b.rank === 0) return env.tensorOf('torch.mul', [a, b]);
  if (b.rank === 1) return product(env, 'inner', a, b);
  return tensordotOver(env, a, b, [a.rank - 1], [b.rank - 1]);
});

const letters = 'abcdefghijklmnopqrstuvwxyz';

function tensordotOver(
  env: TorchEnv,
  a: TensorValue,
  b: TensorValue,
  first: readonly number[],
  second: readonly number[],
): TensorValue {
  if (first.length !== second.length || a.rank + b.rank > letters.length) {
    throw env.ctx.raise('RuntimeError', 'both dimension lists should have the same length');
  }
  const left = every(a.rank).map((axis) => letters[axis]!);
  const right = every(b.rank).map((axis) => {
    const at = second.indexOf(axis);
    return at >= 0 ? left[first[at]!]! : letters[a.rank + axis]!;
  });
  const kept = [
    ...left.filter((_, axis) => !first.includes(axis)),
    ...right.filter((_, axis) => !second.includes(axis)),
  ];
  return einsum(env, `${left.join('')},${right.join('')}->${kept.join('')}`, [a, b]);
}

const tensordot = fn('a, b, dims=', (env, args) => {
  const [a, b] = [args.tensor('a'), args.tensor('b')];
  const dims = args.raw('dims') ?? 2n;
  if (dims instanceof Tuple || dims instanceof List) {
    const [first, second] = dims.items.map((item) => {
      const items = item instanceof Tuple || item instanceof List ? item.items : [item];
      return items.map((axis) => Number(env.ctx.index(axis)));
    });
    const over = (axes: readonly number[] | undefined, { rank }: TensorValue): number[] =>
      (axes ?? []).map((axis) => axisOf(env, axis, rank));
    return tensordotOver(env, a, b, over(first, a), over(second, b));
  }
  const count = Number(env.ctx.index(dims));
  if (count < 0 || count > Math.min(a.rank, b.rank)) {
    throw env.ctx.raise('RuntimeError', 'tensordot expects dims >= 0 and <= the ranks');
  }
  return tensordotOver(
    env,
    a,
    b,
    every(count).map((i) => a.rank - count + i),
    every(count),
  );
});

const einsumFunction = fn('equation, *operands', (env, args) => {
  const equation = args.raw('equation');
  if (typeof equation !== 'string')
    throw env.ctx.unsupported('torch.einsum with lists of subscripts');
  return einsum(env, equation, args.tensorsOf(args.rest));
});

/** The Kronecker product: the second tensor times each element of the first. */
const kron = fn('input, other', (env, args) => {
  const tensors = [args.tensor('input'), args.tensor('other')];
  const rank = Math.max(...tensors.map((tensor) => tensor.rank));
  const sizes = tensors.map((tensor): Size[] => [
    ...every(rank - tensor.rank).map(() => 1),
    ...env.sizes(tensor),
  ]);
  const [a, b] = tensors.map((tensor, which) => {
    const spread = sizes[which]!.flatMap((size): Size[] => (which === 0 ? [size, 1] : [1, size]));
    return env.tensor(env.reshape(tensor.value, spread), tensor.dtype);
  });
  const wide = env.tensorOf('torch.mul', [a!, b!]);
  const result = every(rank).map((i) => SymSize.mul(sizes[0]![i]!, sizes[1]![i]!));
  return env.tensor(env.reshape(wide.value, result), wide.dtype);
});

/** Distances between the rows of two matrices. */
const cdist = fn('x1, x2, p=, compute_mode=', (env, args) => {
  const [a, b] = [args.tensor('x1'), args.tensor('x2')];
  const rows = env.tensor(unsqueezed(env, a.value, a.rank - 1), a.dtype);
  const columns = env.tensor(unsqueezed(env, b.value, b.rank - 2), b.dtype);
  const gap = both(env, rows, columns, (_, x, y) => emit(env, 'Sub', [x, y]));
  return vectorNorm(env, gap, args.float('p', 2), [gap.rank - 1], false);
});

/** The named dimension, or the first one of size 3. */
const cross = (absent: number | undefined): TorchFunction =>
  fn('input, other, dim=', (env, args) => {
    const [a, b] = [args.tensor('input'), args.tensor('other')];
    const axis =
      args.has('dim') || absent !== undefined
        ? axisArg(env, args, 'dim', a.rank, absent)
        : every(a.rank).find((one) => knownSize(env, env.sizeOf(a, one)) === 3);
    if (axis === undefined || SymSize.equal(env.sizeOf(a, axis), 3) === false) {
      throw env.ctx.raise('RuntimeError', 'cross: the dimension does not have length 3');
    }
    const turned = (value: GraphValue, by: number): GraphValue => {
      const order = env.graph.axes(by % 3, (by + 1) % 3, (by + 2) % 3);
      return env.graph.op('Gather', [value, order], { axis });
    };
    return both(env, a, b, (_, x, y) => {
      // Broadcasting may add leading dimensions to one of them.
      const before = multiply(env, turned(x, 1), turned(y, 2));
      return emit(env, 'Sub', [before, multiply(env, turned(x, 2), turned(y, 1))]);
    });
  });

const matrixPower = fn('input, n', (env, args) => {
  const x = args.tensor('input');
  const power = args.int('n');
  if (power < 1 || power > 64) {
    throw env.ctx.unsupported(`${args.name} with the exponent ${power}`);
  }
  let result: TensorValue | undefined;
  let square = x;
  for (let left = power; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) result = result ? product(env, args.name, result, square) : square;
    if (left > 1) square = product(env, args.name, square, square);
  }
  return result!;
});

const chain = (env: TorchEnv, args: Args, tensors: readonly TensorValue[]): TensorValue => {
  if (tensors.length === 0) throw env.ctx.raise('RuntimeError', 'expected tensors');
  return tensors.reduce((left, right) => product(env, args.name, left, right));
};

const vecdot = fn('input, other, *, dim=', (env, args) => {
  const x = args.tensor('input');
  const axis = axisArg(env, args, 'dim', x.rank, -1);
  const products = env.tensorOf('torch.mul', [x, args.tensor('other')]);
  return env.tensor(reduce(env, 'ReduceSum', products.value, [axis], false), products.dtype);
});

/** Covariances of rows. */
const cov = fn('input, *, correction=, fweights=, aweights=', (env, args) => {
  if (args.has('fweights') || args.has('aweights'))
    throw env.ctx.unsupported('torch.cov with weights');
  const x = args.tensor('input');
  if (x.rank !== 2 || !isFloating(x.dtype))
    throw env.ctx.unsupported('torch.cov of anything but a float matrix');
  const gap = emit(env, 'Sub', [x.value, reduce(env, 'ReduceMean', x.value, [1], true)]);
  const squares = emit(env, 'MatMul', [gap, swapped(env, gap, 0, 1)]);
  const count = env.sizeOf(x, 1);
  if (typeof count !== 'number') throw count.needed();
  const by = Math.max(0, count - args.int('correction', 1));
  return env.tensor(emit(env, 'Div', [squares, constantLike(env, by, squares)]), x.dtype);
});

/** Products and sums over dimensions of several tensors. */
export const linear: TorchTable = {
  'torch.matmul|Tensor.matmul|torch.linalg.matmul|Tensor.__matmul__': fn(
    'input, other',
    (env, args) => product(env, args.name, args.tensor('input'), args.tensor('other')),
  ),
  'torch.mm|Tensor.mm': productOf('input', 'mat2', [2, 2]),
  'torch.bmm|Tensor.bmm': productOf('input', 'mat2', [3, 3]),
  'torch.mv|Tensor.mv': productOf('input', 'vec', [2, 1]),
  'torch.dot|Tensor.dot': productOf('input', 'tensor', [1, 1]),
  'torch.vdot|Tensor.vdot': productOf('input', 'other', [1, 1]),
  'torch.addmm|Tensor.addmm': added('mat1', 'mat2', [2, 2]),
  'torch.addmv|Tensor.addmv': added('mat', 'vec', [2, 1]),
  'torch.baddbmm|Tensor.baddbmm': added('batch1', 'batch2', [3, 3]),
  'torch.addbmm|Tensor.addbmm': added('batch1', 'batch2', [3, 3], sumOfBatch),
  'torch.addr|Tensor.addr': addr,
  'torch.outer|Tensor.outer|torch.ger|Tensor.ger': outer('vec2'),
  'torch.inner|Tensor.inner': inner,
  'torch.linalg.vecdot': vecdot,
  'torch.einsum': einsumFunction,
  'torch.tensordot': tensordot,
  'torch.kron|Tensor.kron': kron,
  'torch.cdist': cdist,
  'torch.cross|Tensor.cross': cross(undefined),
  'torch.linalg.cross': cross(-1),
  'torch.matrix_power|Tensor.matrix_power|torch.linalg.matrix_power': matrixPower,
  'torch.chain_matmul': fn('*matrices', (env, args) => chain(env, args, args.tensorsOf(args.rest))),
  'torch.linalg.multi_dot': fn('tensors', (env, args) => chain(env, args, args.tensors('tensors'))),
  'torch.cov|Tensor.cov': cov,
};
