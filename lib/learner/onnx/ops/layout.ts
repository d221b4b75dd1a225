import type { Dim, Shape } from '../graph.js';
import type { OpCall, OpSchema } from './schema.js';

/** Operators that move, select or reshape elements. */
export const layoutOps: Readonly<Record<string, OpSchema>> = {
  Shape: {
    inputs: [1, 1],
    attributes: { start: 'int', end: 'int' },
    infer: (call) => {
      const rank = call.input(0).rank;
      if (rank === undefined) return [{ dtype: 'int64', shape: [null] }];
      const start = clampAxis(call.int('start', 0), rank);
      const end = clampAxis(call.int('end', rank), rank);
      return [{ dtype: 'int64', shape: [Math.max(0, end - start)] }];
    },
  },
  Range: {
    inputs: [3, 3],
    infer: (call) => {
      for (const index of [0, 1, 2]) call.expectRank(index, 0);
      return [{ dtype: call.expectSame(), shape: [null] }];
    },
  },
  Gather: {
    inputs: [2, 2],
    attributes: { axis: 'int' },
    infer: (call) => {
      const { dtype, shape } = call.input(0);
      const indices = call.expect(1, 'int32', 'int64').shape;
      const axis = call.axis(call.int('axis', 0), shape?.length);
      if (!shape || !indices || axis === undefined) return [{ dtype, shape: undefined }];
      return [{ dtype, shape: [...shape.slice(0, axis), ...indices, ...shape.slice(axis + 1)] }];
    },
  },
  /** The index's own position in each dimension except `axis`. */
  GatherElements: {
    inputs: [2, 2],
    attributes: { axis: 'int' },
    infer: (call) => [
      { dtype: call.input(0).dtype, shape: call.expect(1, 'int32', 'int64').shape },
    ],
  },
  ScatterND: {
    inputs: [3, 3],
    attributes: { reduction: 'string' },
    infer: (call) => [call.input(0)],
  },
  /** As many parts as sizes. */
  Split: {
    inputs: [2, 2],
    attributes: { axis: 'int' },
    infer: (call) => {
      const { dtype, shape } = call.input(0);
      const sizes = call.expect(1, 'int64').known ?? call.fail('Split takes known sizes');
      const axis = call.axis(call.int('axis', 0), shape?.length);
      return sizes.map((size) => ({
        dtype,
        shape: shape?.map((dim, i) => (i === axis ? size : dim)),
      }));
    },
  },
  Tile: {
    inputs: [2, 2],
    infer: (call) => {
      const { dtype, shape } = call.input(0);
      const repeats = call.expect(1, 'int64').known;
      const tiled = (dim: Dim, times: number | undefined): Dim =>
        times === 1 ? dim : typeof dim === 'number' && times !== undefined ? dim * times : null;
      return [{ dtype, shape: shape?.map((dim, i) => tiled(dim, repeats?.[i])) }];
    },
  },
  /** The upper or lower triangle of the last two dimensions. */
  Trilu: {
    inputs: [1, 2],
    attributes: { upper: 'int' },
    infer: (call) => [call.input(0)],
  },
  /** A new last dimension. */
  OneHot: {
    inputs: [3, 3],
    attributes: { axis: 'int' },
    infer: (call) => {
      const { shape } = call.expect(0, 'int64');
      const depth = call.expect(1, 'int64').known?.[0] ?? null;
      return [{ dtype: call.input(2).dtype, shape: shape && [...shape, depth] }];
    },
  },
  Concat: {
    inputs: [1, Infinity],
    attributes: { axis: 'int' },
    infer: (call) => [{ dtype: call.expectSame(), shape: concatShape(call) }],
  },
  Transpose: {
    inputs: [1, 1],
    attributes: { perm: 'ints' },
    infer: (call) => {
      const { dtype, shape } = call.input(0);
      const perm = call.ints('perm');
      if (!shape) return [{ dtype, shape: undefined }];
      if (!perm) return [{ dtype, shape: [...shape].reverse() }];
      const sorted = [...perm].sort((a, b) => a - b);
      if (perm.length !== shape.length || sorted.some((axis, i) => axis !== i)) {
        call.fail(`Transpose by [${perm.join(', ')}] of a value of rank ${shape.length}`);
      }
      return [{ dtype, shape: perm.map((axis) => shape[axis] ?? null) }];
    },
  },
  Reshape: {
    inputs: [2, 2],
    attributes: { allowzero: 'int' },
    infer: (call) => {
      const target = call.expect(1, 'int64');
      return [{ dtype: call.input(0).dtype, shape: reshaped(call, target.known, target.shape) }];
    },
  },
  Flatten: {
    inputs: [1, 1],
    attributes: { axis: 'int' },
    infer: (call) => {
      const { dtype, shape } = call.input(0);
      const axis = call.int('axis', 1);
      if (!shape) return [{ dtype, shape: [null, null] }];
      return [{ dtype, shape: [product(shape.slice(0, axis)), product(shape.slice(axis))] }];
    },
  },
  Squeeze: {
    inputs: [1, 2],
    infer: (call) => {
      const { dtype, shape } = call.input(0);
      const axes = call.inputs[1]?.known;
      if (!shape || !axes) return [{ dtype, shape: undefined }];
      const drop = new Set(axes.map((axis) => call.axis(axis, shape.length)));
      for (const axis of drop) {
        const size = axis === undefined ? null : shape[axis];
        if (typeof size === 'number' && size !== 1)
          call.fail(`Squeeze of a dimension of size ${size}`);
      }
      return [{ dtype, shape: shape.filter((_, i) => !drop.has(i)) }];
    },
  },
  Unsqueeze: {
    inputs: [2, 2],
    infer: (call) => {
      const { dtype, shape } = call.input(0);
      const axes = call.expect(1, 'int64').known;
      if (!shape || !axes) return [{ dtype, shape: undefined }];
      const rank = shape.length + axes.length;
      const added = new Set(axes.map((axis) => call.axis(axis, rank)));
      let next = 0;
      const dim = (i: number): Dim => (added.has(i) ? 1 : (shape[next++] ?? null));
      return [{ dtype, shape: Array.from({ length: rank }, (_, i) => dim(i)) }];
    },
  },
  Expand: {
    inputs: [2, 2],
    infer: (call) => {
      const { dtype, shape } = call.input(0);
      const target = call.expect(1, 'int64').known;
      return [{ dtype, shape: target ? call.broadcast(shape, target) : undefined }];
    },
  },
  Slice: {
    inputs: [3, 5],
    infer: (call) => {
      const { dtype, shape } = call.input(0);
      const axes = call.inputs[3]?.known;
      if (!shape || !axes) return [{ dtype, shape: shape?.map(() => null) }];
      const cut = new Map(axes.map((axis, which) => [call.axis(axis, shape.length), which]));
      const sliced = (dim: Dim, which: number | undefined): Dim =>
        which === undefined ? dim : slicedSize(call, dim, which);
      return [{ dtype, shape: shape.map((dim, i) => sliced(dim, cut.get(i))) }];
    },
  },
};

/** The size of a slice with known, forward bounds of a known size. */
function slicedSize(call: OpCall, dim: Dim, which: number): Dim {
  const start = call.inputs[1]?.known?.[which];
  const end = call.inputs[2]?.known?.[which];
  const step = call.inputs[4] ? call.inputs[4].known?.[which] : 1;
  if (typeof dim !== 'number' || start === undefined || end === undefined) return null;
  if (step === undefined || step <= 0) return null;
  return Math.max(0, Math.ceil((clampAxis(end, dim) - clampAxis(start, dim)) / step));
}

function clampAxis(axis: number, rank: number): number {
  return Math.min(Math.max(axis < 0 ? axis + rank : axis, 0), rank);
}

function product(dims: readonly Dim[]): Dim {
  let result = 1;
  for (const dim of dims) {
    if (typeof dim !== 'number') return null;
    result *= dim;
  }
  return result;
}

function concatShape(call: OpCall): Shape {
  const shapes = call.inputs.map((_, i) => call.input(i).shape);
  const first = shapes[0];
  const axis = call.axis(call.int('axis', 0), first?.length);
  if (!first || axis === undefined) return undefined;
  let result: Dim[] = [...first];
  for (const shape of shapes.slice(1)) {
    if (!shape) return undefined;
    if (shape.length !== first.length)
      call.fail(`Concat of ranks ${first.length} and ${shape.length}`);
    result = result.map((dim, i) => {
      const other = shape[i] ?? null;
      if (i !== axis) return call.unify(dim, other, `sizes of dimension ${i}`);
      return typeof dim === 'number' && typeof other === 'number' ? dim + other : null;
    });
  }
  return result;
}

function reshaped(call: OpCall, target: readonly number[] | undefined, targetShape: Shape): Shape {
  const { shape } = call.input(0);
  if (!target) {
    const rank = targetShape?.[0];
    return typeof rank === 'number' ? Array.from({ length: rank }, () => null) : undefined;
  }
  const result = target.map((size, i): Dim => {
    if (size === 0 && call.int('allowzero', 0) === 0) return shape?.[i] ?? null;
    return size < 0 ? null : size;
  });
  const total = shape && product(shape);
  const inferred = target.indexOf(-1);
  if (typeof total !== 'number') return result;
  if (inferred < 0) {
    const size = product(result);
    if (typeof size === 'number' && size !== total)
      call.fail(`Reshape of ${total} elements into ${size}`);
    return result;
  }
  const rest = product(result.filter((_, i) => i !== inferred));
  if (typeof rest === 'number' && rest > 0) {
    if (total % rest !== 0) call.fail(`Reshape of ${total} elements into rows of ${rest}`);
    result[inferred] = total / rest;
  }
  return result;
}
