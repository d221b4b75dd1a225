import { List, Singleton, Tuple, type Value } from '../../../python/values.js';
import { axesArg, axisArg, axisOf, every } from './axes.js';
import type { TorchEnv } from '../env.js';
import {
  flipped,
  knownSize,
  part,
  selected,
  sliced,
  squeezed,
  swapped,
  transposed,
  unsqueezed,
} from './layout.js';
import { SymSize, sizeOperand, type Size } from '../size.js';
import { Args, fn, type TorchFunction, type TorchTable } from '../table.js';
import { TensorValue } from '../tensor-value.js';

type Sizes = (env: TorchEnv, args: Args, x: TensorValue) => readonly Size[];

const reshaping = (parameters: string, sizes: Sizes): TorchFunction =>
  fn(parameters, (env, args) => {
    const x = args.tensor('input');
    return env.tensor(env.reshape(x.value, sizes(env, args, x)), x.dtype);
  });

/** Sizes as the arguments of a method, or as a tuple under `name`. */
function sizesArg(env: TorchEnv, args: Args, name: string): Size[] {
  const given = args.raw(name);
  return Args.sizes(env, given === undefined ? args.rest : [given]);
}

const flatten = reshaping('input, start_dim=, end_dim=', (env, args, x) => {
  const from = axisArg(env, args, 'start_dim', x.rank, 0);
  const to = axisArg(env, args, 'end_dim', x.rank, -1);
  if (from > to) {
    throw env.ctx.raise(
      'RuntimeError',
      'flatten() has invalid args: start_dim cannot come after end_dim',
    );
  }
  const sizes = env.sizes(x);
  const merged = SymSize.product(sizes.slice(from, to + 1));
  return [...sizes.slice(0, from), merged, ...sizes.slice(to + 1)];
});

const unflatten = reshaping('input, dim, sizes=, *, unflattened_size=', (env, args, x) => {
  const axis = axisArg(env, args, 'dim', x.rank);
  const name = args.has('sizes') ? 'sizes' : 'unflattened_size';
  const inner = Args.sizes(env, [args.raw(name) ?? null]);
  const sizes = env.sizes(x);
  const open = inner.indexOf(-1);
  if (open >= 0) {
    const rest = SymSize.product(inner.filter((_, i) => i !== open));
    inner[open] = SymSize.floorDiv(sizes[axis]!, rest);
  }
  if (SymSize.equal(SymSize.product(inner), sizes[axis]!) === false) {
    throw env.ctx.raise(
      'RuntimeError',
      'unflatten: the sizes do not multiply up to the size of the dim',
    );
  }
  return [...sizes.slice(0, axis), ...inner, ...sizes.slice(axis + 1)];
});

/** Dimensions as the arguments of a method, or as one tuple. */
const axesOf = (env: TorchEnv, args: Args, rank: number): number[] =>
  sizesArg(env, args, 'dims').map((axis) => axisOf(env, knownSize(env, axis), rank));

const permute = fn('input, *args, dims=', (env, args) => {
  const x = args.tensor('input');
  const perm = axesOf(env, args, x.rank);
  if (perm.length !== x.rank || new Set(perm).size !== x.rank) {
    throw env.ctx.raise('RuntimeError', 'permute(dims): the dims are not those of the tensor');
  }
  return env.tensor(transposed(env, x.value, perm), x.dtype);
});

const transpose = (first: string, second: string): TorchFunction =>
  fn(`input, ${first}, ${second}`, (env, args) => {
    const x = args.tensor('input');
    const [a, b] = [first, second].map((name) => axisArg(env, args, name, x.rank));
    return x.rank === 0 ? x : env.tensor(swapped(env, x.value, a!, b!), x.dtype);
  });

const moveAxis = fn('input, source, destination', (env, args) => {
  const x = args.tensor('input');
  const [from, to] = ['source', 'destination'].map((name) =>
    (args.ints(name) ?? []).map((axis) => axisOf(env, axis, x.rank)),
  ) as [number[], number[]];
  if (from.length !== to.length) {
    throw env.ctx.raise('RuntimeError', 'movedim: source and destination differ in length');
  }
  const rest = every(x.rank).filter((axis) => !from.includes(axis));
  const perm = every(x.rank).map((axis) => {
    const at = to.indexOf(axis);
    return at >= 0 ? from[at]! : rest.shift()!;
  });
  return env.tensor(transposed(env, x.value, perm), x.dtype);
});

/** Whether a size is 1. @throws SizeNeededError if that is not known */
function isOne(size: Size): boolean {
  const equal = SymSize.equal(size, 1);
  if (equal === undefined) throw (size as SymSize).needed();
  return equal;
}

const squeeze = fn('input, dim=', (env, args) => {
  const x = args.tensor('input');
  const axes = args.has('dim') ? axesArg(env, args, 'dim', x.rank) : every(x.rank);
  const ones = axes.filter((axis) => x.rank > 0 && isOne(env.sizeOf(x, axis)));
  return env.tensor(squeezed(env, x.value, ...ones), x.dtype);
});

const unsqueeze = fn('input, dim', (env, args) => {
  const x = args.tensor('input');
  const axis = axisArg(env, args, 'dim', x.rank + 1);
  return env.tensor(unsqueezed(env, x.value, axis), x.dtype);
});

/** Only sizes of 1 grow, and -1 keeps a size, as in torch. */
export function expanded(env: TorchEnv, x: TensorValue, wanted: readonly Size[]): TensorValue {
  const from = env.sizes(x);
  const lead = wanted.length - from.length;
  if (lead < 0)
    throw env.ctx.raise('RuntimeError', 'expand: there are fewer sizes than dimensions');
  const sizes = wanted.map((size, i) => {
    const own = from[i - lead];
    if (size === -1) {
      if (own === undefined) {
        throw env.ctx.raise('RuntimeError', 'expand: -1 is not allowed in a new dimension');
      }
      return own;
    }
    if (typeof own === 'number' && own !== 1 && SymSize.equal(own, size) === false) {
      throw env.ctx.raise(
        'RuntimeError',
        `The expanded size of the tensor must match the existing size (${own}) at dimension ${i}`,
      );
    }
    return size;
  });
  return env.tensor(env.expand(x.value, sizes), x.dtype);
}

const repeat = (padded: boolean): TorchFunction =>
  fn(`input, *args, ${padded ? 'dims' : 'repeats'}=`, (env, args) => {
    const x = args.tensor('input');
    const given = sizesArg(env, args, padded ? 'dims' : 'repeats');
    const missing = x.rank - given.length;
    if (missing > 0 && !padded) {
      throw env.ctx.raise('RuntimeError', 'repeat: there are fewer repeats than dimensions');
    }
    const repeats = [...every(Math.max(missing, 0)).map((): Size => 1), ...given];
    return repeated(env, x, repeats);
  });

function repeated(env: TorchEnv, x: TensorValue, repeats: readonly Size[]): TensorValue {
  const lead = every(repeats.length - x.rank).map((): Size => 1);
  const sizes = [...lead, ...env.sizes(x)];
  const value = env.reshape(x.value, sizes);
  if (repeats.every((times) => times === 1)) return env.tensor(value, x.dtype);
  const tiled = env.graph.op('Tile', [value, env.shape(repeats)]);
  const result = sizes.map((size, i) => SymSize.mul(size, repeats[i]!));
  return env.tensor(env.withSizes(tiled, result), x.dtype);
}

const repeatInterleave = fn('input, repeats, dim=, *, output_size=', (env, args) => {
  let x = args.tensor('input');
  if (!args.has('dim')) x = env.tensor(env.reshape(x.value, [-1]), x.dtype);
  const axis = args.has('dim') ? axisArg(env, args, 'dim', x.rank) : 0;
  const times = args.raw('repeats');
  const before = env.sizes(x);
  if (times instanceof TensorValue) {
    const { known } = times;
    if (!known) throw env.ctx.unsupported(`${args.name} by numbers that the graph computes`);
    const size = knownSize(env, before[axis]!);
    const each = known.length === 1 ? every(size).map(() => known[0]!) : known;
    env.ctx.budget.charge(each.reduce((sum, one) => sum + one, 0));
    const indices = every(size).flatMap((at) => every(each[at] ?? 0).map(() => at));
    const chosen = env.graph.op('Gather', [x.value, env.graph.constant(indices, 'int64')], {
      axis,
    });
    return env.tensor(chosen, x.dtype);
  }
  const by = sizeOperand(times);
  if (by === undefined)
    throw env.ctx.raise('TypeError', 'repeat_interleave(): repeats must be an int');
  const wide = [...before.slice(0, axis + 1), by, ...before.slice(axis + 1)];
  const value = env.expand(unsqueezed(env, x.value, axis + 1), wide);
  const sizes = before.with(axis, SymSize.mul(before[axis]!, by));
  return env.tensor(env.reshape(value, sizes), x.dtype);
});

function rolled(env: TorchEnv, x: TensorValue, axis: number, shift: number): TensorValue {
  const size = env.sizeOf(x, axis);
  const by = typeof size === 'number' ? ((shift % size) + size) % size : shift;
  if (by === 0 || size === 0) return x;
  // The shift may be larger than an open size, so the size must be known.
  if (typeof size !== 'number' && Math.abs(shift) > size.bounds[0]) throw size.needed();
  const parts = [sliced(env, x.value, axis, -by), sliced(env, x.value, axis, 0, -by)];
  const joined = env.graph.op('Concat', parts, { axis });
  return env.tensor(env.withSizes(joined, env.sizes(x)), x.dtype);
}

const roll = fn('input, shifts, dims=', (env, args) => {
  const x = args.tensor('input');
  const shifts = args.ints('shifts') ?? [];
  const dims = args.ints('dims') ?? [];
  if (dims.length === 0) {
    const flat = env.tensor(env.reshape(x.value, [-1]), x.dtype);
    return env.tensor(env.reshape(rolled(env, flat, 0, shifts[0]!).value, env.sizes(x)), x.dtype);
  }
  if (dims.length !== shifts.length) {
    throw env.ctx.raise('RuntimeError', 'shifts and dimensions must align');
  }
  return dims.reduce((y, dim, i) => rolled(env, y, axisOf(env, dim, x.rank), shifts[i]!), x);
});

const flip = fn('input, *args, dims=', (env, args) => {
  const x = args.tensor('input');
  const axes = axesOf(env, args, x.rank);
  if (new Set(axes).size !== axes.length) {
    throw env.ctx.raise('RuntimeError', 'dim appears multiple times in the list of dims');
  }
  return x.rank === 0 ? x : env.tensor(flipped(env, x.value, axes), x.dtype);
});

const flipOne = (axis: number): TorchFunction =>
  fn('input', (env, args) => {
    const x = args.tensor('input');
    if (x.rank <= axis) throw env.ctx.raise('RuntimeError', `Input must be >= ${axis + 1}-d.`);
    return env.tensor(flipped(env, x.value, [axis]), x.dtype);
  });

const rot90 = fn('input, k=, dims=', (env, args) => {
  const x = args.tensor('input');
  const [a, b] = (args.ints('dims') ?? [0, 1]).map((axis) => axisOf(env, axis, x.rank));
  if (a === undefined || b === undefined || a === b) {
    throw env.ctx.raise('RuntimeError', 'expected total rotation dims == 2');
  }
  switch (((args.int('k', 1) % 4) + 4) % 4) {
    case 1:
      return env.tensor(swapped(env, flipped(env, x.value, [b]), a, b), x.dtype);
    case 2:
      return env.tensor(flipped(env, x.value, [a, b]), x.dtype);
    case 3:
      return env.tensor(flipped(env, swapped(env, x.value, a, b), [b]), x.dtype);
    default:
      return x;
  }
});

const t = fn('input', (env, args) => {
  const x = args.tensor('input');
  if (x.rank > 2) throw env.ctx.raise('RuntimeError', `t() expects a tensor with <= 2 dimensions`);
  return env.tensor(x.rank < 2 ? x.value : swapped(env, x.value, 0, 1), x.dtype);
});

const narrow = fn('input, dim, start, length', (env, args) => {
  const x = args.tensor('input');
  const axis = axisArg(env, args, 'dim', x.rank);
  const [start, length] = ['start', 'length'].map((name) => Args.sizes(env, [args.raw(name)!])[0]!);
  const size = env.sizeOf(x, axis);
  const begin = typeof start === 'number' && start < 0 ? SymSize.add(size, start) : start!;
  const end = SymSize.add(begin, length!);
  if (typeof end === 'number' && typeof size === 'number' && end > size) {
    throw env.ctx.raise(
      'RuntimeError',
      `start + length (${end}) exceeds dimension size (${size}).`,
    );
  }
  return env.tensor(part(env, x, axis, begin, length!), x.dtype);
});

const select = fn('input, dim, index', (env, args) => {
  const x = args.tensor('input');
  const axis = axisArg(env, args, 'dim', x.rank);
  const index = args.int('index');
  const size = env.sizeOf(x, axis);
  if (typeof size === 'number' && (index >= size || index < -size)) {
    throw env.ctx.raise(
      'IndexError',
      `select(): index ${index} out of range for a size of ${size}`,
    );
  }
  return env.tensor(selected(env, x.value, axis, index), x.dtype);
});

const unbind = fn('input, dim=', (env, args) => {
  const x = args.tensor('input');
  if (x.rank === 0) throw env.ctx.raise('IndexError', 'unbind() of a tensor without dimensions');
  const axis = axisArg(env, args, 'dim', x.rank, 0);
  const count = knownSize(env, env.sizeOf(x, axis));
  env.ctx.budget.charge(count);
  return new Tuple(
    every(count).map((index) => env.tensor(selected(env, x.value, axis, index), x.dtype)),
  );
});

/** All windows of a dimension, as a new last dimension. */
const unfold = fn('input, dimension, size, step', (env, args) => {
  const x = args.tensor('input');
  const axis = axisArg(env, args, 'dimension', x.rank);
  const [length, step] = [args.int('size'), args.int('step')];
  const size = knownSize(env, env.sizeOf(x, axis));
  if (length > size || step <= 0)
    throw env.ctx.raise('RuntimeError', 'unfold: the window does not fit');
  const count = Math.floor((size - length) / step) + 1;
  env.ctx.budget.charge(count * length);
  const places = every(count).flatMap((at) => every(length).map((i) => at * step + i));
  const indices = env.graph.constant(places, 'int64', [count, length]);
  const windows = env.graph.op('Gather', [x.value, indices], { axis });
  const perm = every(x.rank + 1).filter((one) => one !== axis + 1);
  return env.tensor(transposed(env, windows, [...perm, axis + 1]), x.dtype);
});

/** The tensor with at least that many dimensions. */
export function atLeast(env: TorchEnv, x: TensorValue, rank: 1 | 2 | 3): TensorValue {
  if (x.rank >= rank) return x;
  const behind = x.rank === 1 ? [0, 2] : [2];
  const added = x.rank === 0 ? every(rank) : rank === 2 ? [0] : behind;
  return env.tensor(unsqueezed(env, x.value, ...added), x.dtype);
}

const atLeastOf = (rank: 1 | 2 | 3): TorchFunction =>
  fn('*tensors', (env, args) => {
    const [first] = args.rest;
    const several = args.rest.length !== 1 || first instanceof Tuple || first instanceof List;
    const items: readonly Value[] =
      args.rest.length === 1 && several ? [...env.ctx.iterate(first!)] : args.rest;
    const results = items.map((item) => {
      if (item instanceof TensorValue) return atLeast(env, item, rank);
      throw env.ctx.raise('TypeError', `${args.name}(): arguments must be Tensors`);
    });
    return several ? new Tuple(results) : results[0]!;
  });

/** The sizes that several tensors have in common. @throws a RuntimeError of Python */
export function broadcastSizes(env: TorchEnv, tensors: readonly TensorValue[]): Size[] {
  const all = tensors.map((tensor) => env.sizes(tensor));
  const rank = Math.max(0, ...all.map((sizes) => sizes.length));
  return every(rank).map((axis) => {
    const own = all.map((sizes): Size => sizes[axis - rank + sizes.length] ?? 1);
    const wide = own.filter((size) => size !== 1);
    const result = wide.find((size) => typeof size === 'number') ?? wide[0] ?? 1;
    for (const size of wide) {
      const equal = SymSize.equal(size, result);
      if (equal === false) {
        throw env.ctx.raise('RuntimeError', 'The sizes of the tensors do not broadcast');
      }
      // Either of two open sizes may be 1.
      if (equal === undefined && typeof result !== 'number') throw result.needed();
    }
    return result;
  });
}

/** Views of a tensor: shapes, orders and repetitions of the same elements. */
export const shapes: TorchTable = {
  'Tensor.view|Tensor.reshape': reshaping('input, *args, size=, dtype=', (env, args) => {
    const [first] = args.rest;
    if (args.has('dtype') || first instanceof Singleton) {
      throw env.ctx.unsupported('a view as another dtype');
    }
    return sizesArg(env, args, 'size');
  }),
  'torch.reshape': reshaping('input, shape', (env, args) => sizesArg(env, args, 'shape')),
  'Tensor.view_as|Tensor.reshape_as': reshaping('input, other', (env, args) =>
    env.sizes(args.tensor('other')),
  ),
  'torch.flatten|Tensor.flatten': flatten,
  'torch.ravel|Tensor.ravel': reshaping('input', () => [-1]),
  'torch.unflatten|Tensor.unflatten': unflatten,
  'torch.permute|Tensor.permute': permute,
  'torch.transpose|Tensor.transpose|torch.swapdims|Tensor.swapdims': transpose('dim0', 'dim1'),
  'torch.swapaxes|Tensor.swapaxes': transpose('axis0', 'axis1'),
  'torch.adjoint|Tensor.adjoint': fn('input', (env, args) => {
    const x = args.tensor('input');
    if (x.rank < 2) throw env.ctx.raise('RuntimeError', 'adjoint() takes matrices');
    return env.tensor(swapped(env, x.value, x.rank - 2, x.rank - 1), x.dtype);
  }),
  'torch.movedim|torch.moveaxis|Tensor.movedim|Tensor.moveaxis': moveAxis,
  'torch.t|Tensor.t': t,
  'torch.squeeze|Tensor.squeeze': squeeze,
  'torch.unsqueeze|Tensor.unsqueeze': unsqueeze,
  'Tensor.expand': fn('input, *args, size=, implicit=', (env, args) =>
    expanded(env, args.tensor('input'), sizesArg(env, args, 'size')),
  ),
  'Tensor.expand_as': fn('input, other', (env, args) =>
    expanded(env, args.tensor('input'), env.sizes(args.tensor('other'))),
  ),
  'torch.broadcast_to|Tensor.broadcast_to': fn('input, size', (env, args) =>
    expanded(env, args.tensor('input'), sizesArg(env, args, 'size')),
  ),
  'torch.broadcast_tensors': fn('*tensors', (env, args) => {
    const tensors = args.tensorsOf(args.rest);
    const sizes = broadcastSizes(env, tensors);
    return new Tuple(tensors.map((tensor) => expanded(env, tensor, sizes)));
  }),
  'Tensor.repeat': repeat(false),
  'torch.tile|Tensor.tile': repeat(true),
  'torch.repeat_interleave|Tensor.repeat_interleave': repeatInterleave,
  'torch.roll|Tensor.roll': roll,
  'torch.flip|Tensor.flip': flip,
  'torch.flipud|Tensor.flipud': flipOne(0),
  'torch.fliplr|Tensor.fliplr': flipOne(1),
  'torch.rot90|Tensor.rot90': rot90,
  'torch.narrow|Tensor.narrow': narrow,
  'torch.select|Tensor.select': select,
  'torch.unbind|Tensor.unbind': unbind,
  'Tensor.unfold': unfold,
  'torch.atleast_1d': atLeastOf(1),
  'torch.atleast_2d': atLeastOf(2),
  'torch.atleast_3d': atLeastOf(3),
};
