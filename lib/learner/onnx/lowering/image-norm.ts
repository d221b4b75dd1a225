import type { Module } from '../../torch/module.js';
import type { Value } from '../graph.js';
import { boolAttr, intAttr, numberAttr } from './attributes.js';
import type { Lowering, LoweringContext } from './context.js';
import type { LoweringFamily } from './lowering.js';
import { channelsOf } from './spatial.js';

/** A number for each channel, shaped to be multiplied with an image. */
export function perChannel(ctx: LoweringContext, values: Float32Array, rank: number): Value {
  const behind = Array.from({ length: Math.max(0, rank - 2) }, () => 1);
  return ctx.graph.constant(values, 'float32', [values.length, ...behind]);
}

function affine(
  module: Module,
  ctx: LoweringContext,
  channels: number,
): [Float32Array, Float32Array] {
  return [
    ctx.tensor(module, 'weight')?.toFloat32() ?? new Float32Array(channels).fill(1),
    ctx.tensor(module, 'bias')?.toFloat32() ?? new Float32Array(channels),
  ];
}

/**
 * Each channel of each image by its own mean and variance, unless statistics were kept at training.
 */
const lowerInstanceNorm: Lowering = (module, ctx, inputs) => {
  const x = ctx.value(module, inputs);
  const channels = channelsOf(module, ctx, x);
  const [weight, bias] = affine(module, ctx, channels);
  const vector = (data: Float32Array): Value => ctx.graph.constant(data, 'float32');
  const epsilon = numberAttr(module, 'eps', 1e-5);
  const mean = ctx.tensor(module, 'running_mean')?.toFloat32();
  const variance = ctx.tensor(module, 'running_var')?.toFloat32();
  if (mean && variance && boolAttr(module, 'track_running_stats', false)) {
    return ctx.graph.op(
      'BatchNormalization',
      [x, vector(weight), vector(bias), vector(mean), vector(variance)],
      { epsilon },
    );
  }
  return ctx.graph.op('InstanceNormalization', [x, vector(weight), vector(bias)], { epsilon });
};

/** Groups of channels are one channel each for the statistics. */
const lowerGroupNorm: Lowering = (module, ctx, inputs) => {
  const x = ctx.value(module, inputs);
  return groupNorm(module, ctx, x, intAttr(module, 'num_groups'));
};

export function groupNorm(module: Module, ctx: LoweringContext, x: Value, groups: number): Value {
  const { graph } = ctx;
  const channels = channelsOf(module, ctx, x);
  const { rank } = x;
  if (rank === undefined) throw ctx.unsupported(module, 'the rank of its input is not known');
  const [weight, bias] = affine(module, ctx, channels);
  const shape = graph.op('Shape', [x]);
  const grouped = graph.op('Reshape', [x, graph.axes(0, groups, -1)]);
  const ones = graph.constant(new Float32Array(groups).fill(1), 'float32');
  const zeros = graph.constant(new Float32Array(groups), 'float32');
  const normal = graph.op('InstanceNormalization', [grouped, ones, zeros], {
    epsilon: numberAttr(module, 'eps', 1e-5),
  });
  const known = x.shape?.slice(1);
  const target =
    known && known.every((size) => typeof size === 'number')
      ? graph.axes(0, ...(known as number[]))
      : shape;
  const back = graph.assume(graph.op('Reshape', [normal, target]), x.shape ?? []);
  const scaled = graph.op('Mul', [back, perChannel(ctx, weight, rank)]);
  return graph.op('Add', [scaled, perChannel(ctx, bias, rank)]);
}

/** LayerNorm over the channels of [batch, channels, height, width]. */
export const lowerLayerNorm2d: Lowering = (module, ctx, inputs) => {
  const x = ctx.value(module, inputs);
  const { graph } = ctx;
  const weight = ctx.weight(module, 'weight');
  const bias = ctx.weight(module, 'bias');
  const ones = (): Float32Array => new Float32Array(channelsOf(module, ctx, x)).fill(1);
  const scale = weight ?? graph.constant(ones(), 'float32');
  const last = graph.op('Transpose', [x], { perm: [0, 2, 3, 1] });
  const normal = graph.op('LayerNormalization', bias ? [last, scale, bias] : [last, scale], {
    axis: -1,
    epsilon: numberAttr(module, 'eps', 1e-5),
  });
  return graph.op('Transpose', [normal], { perm: [0, 3, 1, 2] });
};

export const imageNorms: LoweringFamily = {
  lowerings: {
    'torch.nn.modules.instancenorm': {
      'InstanceNorm1d|InstanceNorm2d|InstanceNorm3d': lowerInstanceNorm,
    },
    'torch.nn.modules.normalization': { GroupNorm: lowerGroupNorm },
  },
};
