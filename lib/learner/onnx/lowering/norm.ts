import type { Module } from '../../torch/module.js';
import { malformed, numberAttr } from './attributes.js';
import type { Lowering, LoweringContext } from './context.js';
import type { LoweringFamily } from './lowering.js';

/** Scale and shift of each channel; 1 and 0 for a norm without them. */
export const affine = (module: Module, ctx: LoweringContext, channels: number) => ({
  weight: ctx.tensor(module, 'weight')?.toFloat32() ?? new Float32Array(channels).fill(1),
  bias: ctx.tensor(module, 'bias')?.toFloat32() ?? new Float32Array(channels),
});

function statistics(module: Module, ctx: LoweringContext) {
  const mean = ctx.tensor(module, 'running_mean')?.toFloat32();
  const variance = ctx.tensor(module, 'running_var')?.toFloat32();
  if (!mean || !variance) {
    throw ctx.unsupported(
      module,
      'it has no running statistics (track_running_stats=False), so each row depends on the others of its batch',
    );
  }
  const epsilon = numberAttr(module, 'eps', 1e-5);
  return { mean, variance, epsilon, ...affine(module, ctx, mean.length) };
}

/** Channels in dimension 1, any rank. */
export const lowerBatchNorm: Lowering = (module, ctx, inputs) => {
  const { mean, variance, weight, bias, epsilon } = statistics(module, ctx);
  const vectors = [weight, bias, mean, variance].map((data) => ctx.graph.constant(data, 'float32'));
  return ctx.graph.op('BatchNormalization', [ctx.value(module, inputs), ...vectors], { epsilon });
};

/** fastai's BatchNorm1dFlat: channels in the last dimension. */
const lowerFlatBatchNorm: Lowering = (module, ctx, inputs) => {
  const x = ctx.value(module, inputs);
  const { mean, variance, weight, bias, epsilon } = statistics(module, ctx);
  const scale = weight.map((value, i) => value / Math.sqrt((variance[i] ?? 0) + epsilon));
  const shift = bias.map((value, i) => value - (mean[i] ?? 0) * (scale[i] ?? 0));
  const scaled = ctx.graph.op('Mul', [x, ctx.graph.constant(scale, 'float32')]);
  return ctx.graph.op('Add', [scaled, ctx.graph.constant(shift, 'float32')]);
};

export const lowerLayerNorm: Lowering = (module, ctx, inputs) => {
  const x = ctx.value(module, inputs);
  const sizes = module.attr('normalized_shape');
  if (!Array.isArray(sizes)) throw malformed(module, 'its normalized_shape is not a tuple');
  const dims = sizes.map(Number);
  const weight = ctx.weight(module, 'weight');
  const ones = new Float32Array(dims.reduce((a, b) => a * b, 1)).fill(1);
  const bias = ctx.weight(module, 'bias');
  const scale = weight ?? ctx.graph.constant(ones, 'float32', dims);
  return ctx.graph.op('LayerNormalization', bias ? [x, scale, bias] : [x, scale], {
    axis: -dims.length,
    epsilon: numberAttr(module, 'eps', 1e-5),
  });
};

export const norms: LoweringFamily = {
  lowerings: {
    'torch.nn.modules.batchnorm': {
      'BatchNorm1d|BatchNorm2d|BatchNorm3d|SyncBatchNorm': lowerBatchNorm,
    },
    'fastai.layers': { BatchNorm1dFlat: lowerFlatBatchNorm },
    'torch.nn.modules.normalization': { LayerNorm: lowerLayerNorm },
  },
};
