import type { Value } from '../graph.js';
import type { Derivation, Gradient } from './derivation.js';

const reshaped: Gradient = (d) => d.shapedLike(d.dy, d.x);

const transposed: Gradient = (d) => {
  const rank = d.rank(d.x);
  const perm = d.numbers('perm') ?? Array.from({ length: rank }, (_, i) => rank - 1 - i);
  const back = perm.map((_, axis) => perm.indexOf(axis));
  return d.graph.op('Transpose', [d.dy], { perm: back });
};

/** The part from this operand. */
const concatenated: Gradient = (d) => {
  const rank = d.rank(d.x);
  const given = d.number('axis', 0);
  const axis = given < 0 ? given + rank : given;
  const sizeOf = (value: Value | undefined): number => {
    const size = value?.shape?.[axis];
    return typeof size === 'number' ? size : d.refuse('it joins unknown sizes');
  };
  const start = d.step.inputs.slice(0, d.index).reduce((sum, value) => sum + sizeOf(value), 0);
  const { graph } = d;
  const end = start + sizeOf(d.x);
  return graph.op('Slice', [d.dy, graph.axes(start), graph.axes(end), graph.axes(axis)]);
};

/** The dimensions of a reduction, counted from the front. */
function reducedAxes(d: Derivation): number[] {
  const rank = d.rank(d.x);
  const axes = d.numbers('axes') ?? d.step.inputs[1]?.known ?? Array.from({ length: rank }).keys();
  return Array.from(axes, (axis) => (axis < 0 ? axis + rank : axis)).sort((a, b) => a - b);
}

/** The result of a reduction with the dropped dimensions restored. */
function kept(d: Derivation, value: Value): Value {
  if (d.number('keepdims', 1) === 1) return value;
  return d.graph.op('Unsqueeze', [value, d.graph.axes(...reducedAxes(d))]);
}

const summed: Gradient = (d) => d.spread(kept(d, d.dy), d.x);

const averaged: Gradient = (d) =>
  d.spread(d.op('Div', [kept(d, d.dy), d.count(d.x, reducedAxes(d))]), d.x);

/** Like torch's amax: equal values share the gradient. */
const largest: Gradient = (d) => {
  const { graph } = d;
  const hits = d.mask(graph.op('Equal', [d.x, kept(d, d.y)]));
  const count = graph.op('ReduceSum', [hits, graph.axes(...reducedAxes(d))], { keepdims: 1 });
  return d.mul(hits, d.op('Div', [kept(d, d.dy), count]));
};

/** Operators that move or reduce elements, and their gradients. */
export const layout: Readonly<Record<string, Gradient>> = {
  Reshape: reshaped,
  Flatten: reshaped,
  Squeeze: reshaped,
  Unsqueeze: reshaped,
  Transpose: transposed,
  Concat: concatenated,
  Expand: (d) => d.gathered(d.dy, d.x),
  ReduceSum: summed,
  ReduceMean: averaged,
  ReduceMax: largest,
};
