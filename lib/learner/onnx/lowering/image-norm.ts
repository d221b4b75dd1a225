import { boolAttr, numberAttr } from './attributes.js';
import type { Lowering } from './context.js';
import type { LoweringFamily } from './lowering.js';
import { affine, lowerBatchNorm } from './norm.js';
import { channelsOf, unflattened } from './spatial.js';
import { forward } from './forward.js';

/** Normalizes each channel of each image separately, unless training kept statistics. */
const lowerInstanceNorm: Lowering = (module, ctx, inputs) => {
  const kept = ctx.tensor(module, 'running_mean') && ctx.tensor(module, 'running_var');
  if (kept && boolAttr(module, 'track_running_stats', false)) {
    return lowerBatchNorm(module, ctx, inputs);
  }
  const x = ctx.value(module, inputs);
  const { weight, bias } = affine(module, ctx, channelsOf(module, ctx, x));
  const vectors = [weight, bias].map((data) => ctx.graph.constant(data, 'float32'));
  const epsilon = numberAttr(module, 'eps', 1e-5);
  return ctx.graph.op('InstanceNormalization', [x, ...vectors], { epsilon });
};

/** Groups of channels are one channel each for the statistics. */
export const lowerGroupNorm = forward((m, x) => {
  const [groups, channels] = [m.int('num_groups'), channelsOf(m.module, m.ctx, x.value)];
  const { weight, bias } = affine(m.module, m.ctx, channels);
  const dims = [channels, ...Array.from({ length: x.rank - 2 }, () => 1)];
  const normal = x
    .reshape(0, groups, -1)
    .op(
      'InstanceNormalization',
      { epsilon: m.number('eps', 1e-5) },
      m.constant(new Float32Array(groups).fill(1)),
      m.constant(new Float32Array(groups)),
    );
  const back = x.of(unflattened(m.ctx, normal.value, channels, x.value));
  return back.mul(m.constant(weight, dims)).add(m.constant(bias, dims));
});

/** LayerNorm over the channels of [batch, channels, height, width]. */
export const lowerLayerNorm2d = forward((m, x) => {
  // Before timm 0.5 they were [channels, 1, 1].
  const [weight, bias] = ['weight', 'bias'].map((name) => {
    const vector = m.weight(name);
    return vector && vector.rank > 1 ? vector.reshape(-1) : vector;
  });
  const scale = weight ?? m.constant(new Float32Array(x.size(1)).fill(1));
  const attributes = { axis: -1, epsilon: m.number('eps', 1e-5) };
  return x
    .channelsLast()
    .op('LayerNormalization', attributes, scale, ...(bias ? [bias] : []))
    .channelsFirst();
});

export const imageNorms: LoweringFamily = {
  lowerings: {
    'torch.nn.modules.instancenorm': {
      'InstanceNorm1d|InstanceNorm2d|InstanceNorm3d': lowerInstanceNorm,
    },
    'torch.nn.modules.normalization': { GroupNorm: lowerGroupNorm },
  },
};
