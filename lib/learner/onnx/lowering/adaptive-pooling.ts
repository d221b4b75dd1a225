import type { Module } from '../../torch/module.js';
import type { Value } from '../graph.js';
import type { LoweringContext } from './context.js';
import { spatialSizes } from './spatial.js';

/**
 * torch's adaptive pooling: cell i of o covers floor(i * size / o) up to ceil((i + 1) * size / o).
 *
 * Where o divides the size that is an ordinary pooling; a single cell needs no known size at all.
 */
export function adaptivePool(
  module: Module,
  ctx: LoweringContext,
  x: Value,
  kind: 'average' | 'max',
  wanted: readonly (number | null)[],
): Value {
  const { graph } = ctx;
  if (wanted.every((size) => size === 1)) {
    return graph.op(kind === 'average' ? 'GlobalAveragePool' : 'GlobalMaxPool', [x]);
  }
  const sizes = spatialSizes(module, ctx, x);
  const targets = wanted.map((size, i) => size ?? sizes[i] ?? null);
  const known = sizes.map((size, i) => {
    const target = targets[i];
    if (size === target) return [1, 1] as const;
    if (typeof size === 'number' && typeof target === 'number') return [size, target] as const;
    throw ctx.unsupported(
      module,
      "it pools to a fixed size, which needs images of one size; end the learner's item transforms with Resize",
    );
  });
  if (known.every(([size, target]) => size % target === 0)) {
    const kernel = known.map(([size, target]) => size / target);
    if (kernel.every((extent) => extent === 1)) return x;
    const op = kind === 'average' ? 'AveragePool' : 'MaxPool';
    return graph.op(op, [x], { kernel_shape: kernel, strides: kernel });
  }
  return known.reduce(
    (value, [size, target], i) =>
      size === target ? value : uneven(ctx, value, i + 2, size, target, kind),
    x,
  );
}

/** Cells of different widths along one dimension: each is cut out and reduced. */
function uneven(
  ctx: LoweringContext,
  x: Value,
  axis: number,
  size: number,
  target: number,
  kind: 'average' | 'max',
): Value {
  const { graph } = ctx;
  const cells = Array.from({ length: target }, (_, i) => {
    const start = Math.floor((i * size) / target);
    const end = Math.ceil(((i + 1) * size) / target);
    const cell = graph.op('Slice', [x, graph.axes(start), graph.axes(end), graph.axes(axis)]);
    return graph.op(kind === 'average' ? 'ReduceMean' : 'ReduceMax', [cell], {
      axes: [axis],
      keepdims: 1,
    });
  });
  return graph.op('Concat', cells, { axis });
}
