import { intAttr } from '../onnx/lowering/attributes.js';
import type { InputSpec } from '../onnx/index.js';
import { signatureOf } from '../onnx/lowering/registry.js';
import type { Module } from '../torch/index.js';

/** The input of the first layer of a model. */
export interface InferredInputs {
  readonly specs: readonly InputSpec[];
  /** See `PlannedInput`. */
  readonly tail?: number;
  readonly rowSize?: number;
}

type Infer = (module: Module) => InferredInputs | undefined;

const nn = (...names: string[]): string[] => names.map((name) => `torch.nn.modules.${name}`);

const floats = (dims: InputSpec['dims'], more: Omit<InferredInputs, 'specs'> = {}) => ({
  specs: [{ name: 'x', dtype: 'float32', dims } as const],
  ...more,
});

const linear: Infer = (module) => {
  const width = module.tensor('weight')?.shape[1];
  return width === undefined ? undefined : floats(['batch', width], { tail: 1 });
};

/** Rows with as many channels or features as an attribute says, and further sizes after them. */
const counted =
  (attribute: string, ...sizes: string[]): Infer =>
  (module) =>
    floats(['batch', intAttr(module, attribute), ...sizes]);
const convolution = (...sizes: string[]): Infer => counted('in_channels', ...sizes);
const norm = (...sizes: string[]): Infer => counted('num_features', ...sizes);

const layerNorm: Infer = (module) => {
  const shape = module.attr('normalized_shape');
  const sizes = Array.isArray(shape) ? shape.map(Number) : [];
  return sizes.length === 0 ? undefined : floats(['batch', ...sizes], { tail: sizes.length });
};

const embedding: Infer = () => ({
  specs: [{ name: 'ids', dtype: 'int64', dims: ['batch', 'length'] }],
  tail: 0,
});

/** Sequences in their layout: `batch_first` or not. */
const sequence =
  (width: (module: Module) => number): Infer =>
  (module) =>
    floats(
      module.attr('batch_first') === true
        ? ['batch', 'length', width(module)]
        : ['length', 'batch', width(module)],
    );

const encoderLayer: Infer = (module) => {
  const attention = module.child('self_attn');
  return attention ? sequence(() => intAttr(attention, 'embed_dim'))(attention) : undefined;
};

/** The same layer over each step. */
const timeDistributed: Infer = (module) => {
  const inner = module.child('module');
  const inferred = inner ? inferInputs(inner) : undefined;
  const [spec, ...others] = inferred?.specs ?? [];
  if (!spec || others.length > 0 || inferred?.tail !== undefined) return undefined;
  return {
    specs: [{ ...spec, dims: spec.dims.toSpliced(intAttr(module, 'tdim', 1), 0, 'steps') }],
  };
};

/** First layers, by class. */
const layers: ReadonlyMap<string, Infer> = new Map(
  (
    [
      [nn('linear.Linear', 'linear.NonDynamicallyQuantizableLinear'), linear],
      [nn('conv.Conv1d', 'conv.ConvTranspose1d'), convolution('length')],
      [nn('conv.Conv2d', 'conv.ConvTranspose2d'), convolution('height', 'width')],
      [nn('conv.Conv3d', 'conv.ConvTranspose3d'), convolution('depth', 'height', 'width')],
      [nn('batchnorm.BatchNorm1d'), norm()],
      [nn('batchnorm.BatchNorm2d'), norm('height', 'width')],
      [nn('batchnorm.BatchNorm3d'), norm('depth', 'height', 'width')],
      [nn('normalization.LayerNorm'), layerNorm],
      [[...nn('sparse.Embedding'), 'fastai.layers.Embedding'], embedding],
      [nn('rnn.LSTM', 'rnn.GRU', 'rnn.RNN'), sequence((module) => intAttr(module, 'input_size'))],
      [nn('transformer.TransformerEncoderLayer'), encoderLayer],
      [['fastai.layers.TimeDistributed'], timeDistributed],
    ] as const
  ).flatMap(([names, infer]) => names.map((name): [string, Infer] => [name, infer])),
);

/** Layers that keep the shape; the next layer determines the inputs. */
const transparent =
  /^(torch\.nn\.modules\.(dropout\.\w+|activation\.(?!MultiheadAttention)\w+|linear\.Identity)|fastai\.layers\.Identity)$/;
const flattens = /^(torch\.nn\.modules\.flatten|fastai\.layers)\.Flatten$/;

/**
 * The inputs that the first layer determines; undefined if it does not. Every class with a lowering
 * calls its modules in the order of their registration.
 */
export function inferInputs(module: Module): InferredInputs | undefined {
  const infer = layers.get(module.className);
  if (infer) return infer(module);
  const sequential = module.className === 'torch.nn.modules.container.Sequential';
  const own = sequential ? undefined : signatureOf(module);
  if (own) return { specs: own.inputs };
  for (const child of module.children.values()) {
    if (child === null || transparent.test(child.className)) continue;
    if (flattens.test(child.className)) return inferFlattened(module, child);
    return inferInputs(child);
  }
  return undefined;
}

/** After a Flatten only the number of elements in a row matters, not their dimensions. */
function inferFlattened(module: Module, flatten: Module): InferredInputs | undefined {
  const children = [...module.children.values()];
  const next = children.slice(children.indexOf(flatten) + 1).find((child) => child !== null);
  const inner = next && inferInputs(next);
  const width = inner?.specs[0]?.dims.at(-1);
  if (inner?.tail !== 1 || typeof width !== 'number') return undefined;
  if (intAttr(flatten, 'start_dim', 1) !== 1 || intAttr(flatten, 'end_dim', -1) !== -1) {
    return undefined;
  }
  return floats(['batch', width], { tail: 0, rowSize: width });
}
