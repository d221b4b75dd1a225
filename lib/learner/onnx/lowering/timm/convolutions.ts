import type { Module } from '../../../torch/module.js';
import type { Value } from '../../graph.js';
import { lazyTensorData } from '../../tensor-data.js';
import { boolAttr, numberAttr } from '../attributes.js';
import type { Lowering, LoweringContext } from '../context.js';
import { convolution } from '../conv.js';
import { chained, forward, joined } from '../forward.js';
import type { LoweringFamily } from '../lowering.js';
import { sizesAttr } from '../spatial.js';

/** Weights standardized per filter, times its gain. */
function standardized(scaled: boolean): (module: Module, ctx: LoweringContext) => Value {
  return (module, ctx) => {
    const filters = ctx.requiredTensor(module, 'weight');
    const gains = scaled ? ctx.requiredTensor(module, 'gain') : undefined;
    const { shape } = filters;
    const produce = (): Float32Array => {
      const [weight, gain] = [filters.toFloat32(), gains?.toFloat32()];
      const factor = scaled ? numberAttr(module, 'scale') : 1;
      const epsilon = numberAttr(module, 'eps');
      return standardize(weight, shape[0] ?? 1, epsilon, (i) => (gain?.[i] ?? 1) * factor);
    };
    return ctx.graph.weights(lazyTensorData('float32', shape, produce));
  };
}

function standardize(
  weight: Float32Array,
  filters: number,
  epsilon: number,
  gainOf: (filter: number) => number,
): Float32Array {
  const size = weight.length / filters;
  const result = new Float32Array(weight.length);
  for (let filter = 0; filter < filters; filter++) {
    const values = weight.subarray(filter * size, (filter + 1) * size);
    const mean = values.reduce((sum, value) => sum + value, 0) / size;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / size;
    const scale = gainOf(filter) / Math.sqrt(variance + epsilon);
    for (let i = 0; i < size; i++) result[filter * size + i] = (values[i]! - mean) * scale;
  }
  return result;
}

/** Convolutions that pad like TensorFlow only if their own padding cannot express it. */
function perhapsSame(scaled: boolean): Lowering {
  const [plain, same] = [
    convolution(standardized(scaled)),
    convolution(standardized(scaled), true),
  ];
  return (module, ctx, inputs) =>
    (boolAttr(module, 'same_pad') ? same : plain)(module, ctx, inputs);
}

/** Kernels of several sizes, each over its own part of the channels. */
const mixed = forward((m, x) => {
  const parts = x.split(1, m.ints('splits'));
  const convolved = [...m.module.children.values()].map((child, i) => m.call(child!, parts[i]!));
  return joined(convolved);
});

/** A window of fixed weights over each channel, after padding. */
const blurred = forward((m, x) => {
  const filter = m.tensor('filt');
  const channels = x.size(1);
  const size = filter.shape.at(-1)!;
  const [left, right, top, bottom] = sizesAttr(m.module, 'padding', 4);
  const mode = m.string('pad_mode', 'reflect');
  const padded = m.padImage(x, [top!, left!], [bottom!, right!], mode);
  const given = filter.toFloat32();
  const weight = Float32Array.from(
    { length: channels * size * size },
    (_, i) => given[i % given.length]!,
  );
  return padded.op(
    'Conv',
    { kernel_shape: [size, size], strides: m.pair('stride'), group: channels },
    m.constant(weight, [channels, 1, size, size]),
  );
});

const spaceToDepth = forward((m, x) => {
  const block = m.int('bs', m.int('block_size', 4));
  const [channels, height, width] = [x.size(1), x.size(2), x.size(3)];
  return x
    .reshape(0, channels, height / block, block, width / block, block)
    .permute(0, 3, 5, 1, 2, 4)
    .reshape(0, channels * block * block, height / block, width / block);
});

/** timm's own convolutions, and related modules. */
export const timmConvolutions: LoweringFamily = {
  lowerings: {
    'timm.layers.conv2d_same': { Conv2dSame: convolution(undefined, true) },
    'timm.layers.std_conv': {
      StdConv2d: convolution(standardized(false)),
      StdConv2dSame: perhapsSame(false),
      ScaledStdConv2d: convolution(standardized(true)),
      ScaledStdConv2dSame: perhapsSame(true),
    },
    'timm.layers.mixed_conv2d': { MixedConv2d: mixed },
    'timm.layers.blur_pool': { BlurPool2d: blurred },
    'timm.layers.space_to_depth': { SpaceToDepth: spaceToDepth },
    'timm.layers.conv_bn_act': {
      'ConvNormAct|ConvBnAct|ConvNormActAa': chained('conv bn act? aa?'),
    },
    'timm.layers.separable_conv': {
      'SeparableConvNormAct|SeparableConvBnAct': chained('conv_dw conv_pw bn act?'),
      SeparableConv2d: chained('conv_dw conv_pw'),
    },
  },
};
