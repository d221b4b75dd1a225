import type { Module } from '../../torch/module.js';
import { boolAttr, intAttr } from '../lowering/attributes.js';
import type { Flow } from '../lowering/context.js';
import { Value as GraphValue } from '../graph.js';
import type { TorchEnv } from '../torch-ops/env.js';
import { SymSize, type Size } from '../torch-ops/size.js';
import { TensorValue } from '../torch-ops/tensor-value.js';

type Sizes = (module: Module, input: readonly Size[]) => readonly Size[] | undefined;

const kept: Sizes = (_, input) => input;

const recurrent: Sizes = (module, input) => {
  const directions = boolAttr(module, 'bidirectional', false) ? 2 : 1;
  return [...input.slice(0, -1), intAttr(module, 'hidden_size') * directions];
};

/** Sizes of results that a lowering's operators do not provide, by class. */
const LAYERS: readonly (readonly [classes: RegExp, sizes: Sizes])[] = [
  [
    /^torch\.nn\.modules\.linear\.Linear$/,
    (module, input) => [...input.slice(0, -1), intAttr(module, 'out_features')],
  ],
  [/^torch\.nn\.modules\.rnn\.(LSTM|GRU|RNN)$/, recurrent],
  [
    /^torch\.nn\.modules\.(transformer\.TransformerEncoder(Layer)?|activation\.MultiheadAttention)$/,
    kept,
  ],
  [
    /^torch\.nn\.modules\.(activation\.(?!MultiheadAttention|GLU)|batchnorm|normalization|dropout)/,
    kept,
  ],
];

/** The result of a known layer, with sizes from its input and attributes. */
export function withLayerSizes(
  env: TorchEnv,
  className: string,
  module: Module,
  input: Flow | undefined,
  output: Flow,
): Flow {
  const first = output instanceof GraphValue ? output : output[0];
  const rule = LAYERS.find(([classes]) => classes.test(className));
  if (!rule || !(first instanceof GraphValue) || !(input instanceof GraphValue)) return output;
  if (first.shape?.every((dim) => dim !== null) || input.rank === undefined) return output;
  const given = new TensorValue(input, 'float32', env);
  const sizes = rule[1](module, env.sizes(given));
  if (!sizes || sizes.length !== first.rank) return output;
  // The operators know at least as much as the layer.
  const own = env.sizes(new TensorValue(first, 'float32', env));
  const all = sizes.map((size, axis) => (own[axis] instanceof SymSize ? size : own[axis]!));
  const told = env.withSizes(first, all);
  return output instanceof GraphValue ? told : [told, ...output.slice(1)];
}
