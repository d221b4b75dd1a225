import type { Value } from '../graph.js';
import type { Derivation, Gradient } from './derivation.js';

/** Weights are constants: only the other factor has a gradient. */
const onlyFirst =
  (gradient: Gradient): Gradient =>
  (d) =>
    d.index === 0 ? gradient(d) : d.refuse('its weights depend on the features');

/** alpha dy W', by the first factor. */
const gemm: Gradient = (d) => {
  if (d.index === 2) return d.gathered(d.mul(d.dy, d.number('beta', 1)), d.x);
  if (d.index === 1 || d.number('transA', 0) === 1) {
    return d.refuse('its weights depend on the features');
  }
  const transB = 1 - d.number('transB', 0);
  return d.graph.op('Gemm', [d.dy, d.operand(1)], { transB, alpha: d.number('alpha', 1) });
};

function turned(d: Derivation, matrix: Value): Value {
  const rank = d.rank(matrix);
  const perm = Array.from({ length: rank }, (_, i) => i);
  return d.graph.op('Transpose', [matrix], { perm: [...perm.slice(0, -2), rank - 1, rank - 2] });
}

const matMul: Gradient = (d) => {
  const other = turned(d, d.operand(1 - d.index));
  const product = d.graph.op('MatMul', d.index === 0 ? [d.dy, other] : [other, d.dy]);
  return d.gathered(product, d.x);
};

/** In evaluation this is a scale and a shift for each channel. */
const batchNorm = onlyFirst((d) => {
  const epsilon = d.number('epsilon', 1e-5);
  const deviation = d.op('Sqrt', [d.op('Add', [d.operand(4), epsilon])]);
  const scale = d.op('Div', [d.operand(1), deviation]);
  const behind = Array.from({ length: d.rank(d.x) - 2 }, () => 1);
  return d.mul(d.dy, d.graph.op('Reshape', [scale, d.graph.axes(-1, ...behind)]));
});

/** (g - mean(g) - z mean(g z)) / deviation, where z is normalized and g the gradient by it. */
const layerNorm = onlyFirst((d) => {
  const rank = d.rank(d.x);
  const first = d.number('axis', -1);
  const start = first < 0 ? first + rank : first;
  const axes = Array.from({ length: rank - start }, (_, i) => start + i);
  const mean = (value: Value): Value => d.graph.op('ReduceMean', [value], { axes, keepdims: 1 });
  const centred = d.op('Sub', [d.x, mean(d.x)]);
  const variance = d.op('Add', [mean(d.mul(centred, centred)), d.number('epsilon', 1e-5)]);
  const deviation = d.op('Sqrt', [variance]);
  const z = d.op('Div', [centred, deviation]);
  const g = d.mul(d.dy, d.operand(1));
  const left = d.op('Sub', [d.op('Sub', [g, mean(g)]), d.mul(z, mean(d.mul(g, z)))]);
  return d.op('Div', [left, deviation]);
});

/** With a stride, the gradient would need the rows that no window reached. */
const convolution = onlyFirst((d) => {
  if (d.numbers('strides')?.some((stride) => stride !== 1)) {
    return d.refuse('it has a stride');
  }
  const { attributes } = d.step;
  if (attributes['auto_pad'] !== undefined) return d.refuse('it has its own padding');
  return d.graph.op('ConvTranspose', [d.dy, d.operand(1)], {
    pads: attributes['pads'],
    dilations: attributes['dilations'],
    group: attributes['group'],
  });
});

/** Operators with weights, and their gradients. */
export const layers: Readonly<Record<string, Gradient>> = {
  Gemm: gemm,
  MatMul: matMul,
  BatchNormalization: batchNorm,
  LayerNormalization: layerNorm,
  Conv: convolution,
};
