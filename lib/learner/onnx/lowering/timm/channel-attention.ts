import type { Lowering } from '../context.js';
import type { Expression } from '../expression.js';
import { chained, forward, total } from '../forward.js';
import type { LoweringFamily } from '../lowering.js';
import type { Scope } from '../scope.js';
import { average, averageMax } from './pooling.js';

/** The mean over the image, optionally mixed with its maximum. */
function squeezed(m: Scope, x: Expression): Expression {
  return (m.bool('add_maxpool', false) ? averageMax : average)(x, [2, 3], true);
}

/** Squeeze and excitation, with its layers by name. */
function excitation(names: string): Lowering {
  return forward((m, x) => x.mul(m.run(squeezed(m, x), names)));
}

const excitationLast = forward((m, x) => x.mul(m.run(x.mean([1, 2], true), 'fc1 act fc2 gate')));

/** A convolution over neighbouring channels instead of layers over all channels. */
const efficient = forward((m, x) => {
  const row = m.run(x.mean([2, 3]).unsqueeze(1), 'conv');
  const mixed = m.has('conv2') ? m.run(row, 'act conv2') : row;
  return x.mul(asScale(m.run(mixed, 'gate')));
});

/** The same with the first and last channels as neighbours. */
const circular = forward((m, x) => {
  const row = x.mean([2, 3]).unsqueeze(1);
  const by = m.int('padding');
  const around = row.slice(2, -by).concat(2, row, row.slice(2, 0, by));
  return x.mul(asScale(m.run(around, 'conv gate')));
});

/** [batch, 1, channels] as [batch, channels, 1, 1]. */
function asScale(x: Expression): Expression {
  return x.reshape(0, x.size(2), 1, 1);
}

const globalContext = forward((m, x) => {
  const context = m.has('conv_attn') ? attended(m, x) : x.mean([2, 3], true);
  const scaled = m.has('mlp_scale') ? x.mul(m.run(context, 'mlp_scale gate')) : x;
  return m.has('mlp_add') ? scaled.add(m.run(context, 'mlp_add')) : scaled;
});

/** The mean over the image, with a learned weight for each pixel. */
function attended(m: Scope, x: Expression): Expression {
  const channels = x.size(1);
  const weights = m.run(x, 'conv_attn').reshape(0, 1, -1).softmax();
  const pixels = x.reshape(0, channels, -1);
  return pixels.matmul(weights.permute(0, 2, 1)).reshape(0, channels, 1, 1);
}

/** ResNeSt: several paths, each channel weighted by a softmax over the paths. */
const splitAttention = forward((m, x) => {
  const radix = m.int('radix');
  const paths = m.run(x, 'conv bn0? drop? act0');
  if (radix === 1) return paths.mul(shares(m, paths, radix));
  const parts = paths.chunk(1, radix);
  const scales = shares(m, total(parts), radix).chunk(1, radix);
  return total(parts.map((part, i) => part.mul(scales[i]!)));
});

function shares(m: Scope, x: Expression, radix: number): Expression {
  const logits = m.run(x.mean([2, 3], true), 'fc1 bn1? act1 fc2');
  if (radix === 1) return logits.sigmoid();
  const softmax = m.inner('rsoftmax');
  const [groups, channels] = [softmax.int('cardinality'), logits.size(1)];
  return logits
    .reshape(0, groups, radix, channels / radix / groups)
    .permute(0, 2, 1, 3)
    .softmax(1)
    .reshape(0, channels, 1, 1);
}

/** SKNet: paths of different kernels over one input, weighted in the same way. */
const selectiveKernel = forward((m, x) => {
  const count = m.int('num_paths');
  const inputs = m.bool('split_input', false) ? x.chunk(1, count) : undefined;
  const paths = m.list('paths').map((path, i) => m.call(path, inputs?.[i] ?? x));
  const chooser = m.inner('attn');
  const context = total(paths).mean([2, 3], true);
  const logits = chooser.run(context, 'fc_reduce bn act fc_select');
  const channels = logits.size(1) / count;
  const weights = logits.reshape(0, count, channels, 1, 1).softmax(1);
  return total(paths.map((path, i) => path.mul(weights.select(1, i))));
});

const gated = (m: Scope, x: Expression): Expression => m.run(x, 'fc1 act fc2');

const channelAttention = forward((m, x) => {
  const sum = gated(m, x.mean([2, 3], true)).add(gated(m, x.max([2, 3], true)));
  return x.mul(m.run(sum, 'gate'));
});

const lightChannelAttention = forward((m, x) =>
  x.mul(gated(m, averageMax(x, [2, 3], true)).sigmoid()),
);

const spatialAttention = forward((m, x) => {
  const pooled = x.mean([1], true).concat(1, x.max([1], true));
  return x.mul(m.run(pooled, 'conv gate'));
});

const lightSpatialAttention = forward((m, x) =>
  x.mul(m.run(averageMax(x, [1], true), 'conv gate')),
);

const gatherExcite = forward((m, x) => {
  m.require(
    !m.has('gather') && m.int('extent') === 0,
    'it gathers from parts of the image (extent)',
  );
  return x.mul(m.run(squeezed(m, x), 'mlp gate'));
});

/** Modules that weight channels or pixels by the contents of the image. */
export const channelAttentions: LoweringFamily = {
  lowerings: {
    'timm.layers.squeeze_excite': {
      'SEModule|SqueezeExcite': excitation('fc1 bn? act fc2 gate'),
      SqueezeExciteCl: excitationLast,
      'EffectiveSEModule|EffectiveSqueezeExcite': excitation('fc gate'),
    },
    'timm.layers.se': { SEModule: excitation('fc1 bn? act fc2 gate') },
    'timm.models._efficientnet_blocks|timm.models.efficientnet_blocks': {
      SqueezeExcite: excitation('conv_reduce act1 conv_expand gate'),
    },
    'timm.layers.eca': {
      EcaModule: efficient,
      CecaModule: circular,
    },
    'timm.layers.global_context': { GlobalContext: globalContext },
    'timm.layers.split_attn': { SplitAttn: splitAttention },
    'timm.layers.selective_kernel': { SelectiveKernel: selectiveKernel },
    'timm.layers.gather_excite': { GatherExcite: gatherExcite },
    'timm.layers.cbam': {
      ChannelAttn: channelAttention,
      LightChannelAttn: lightChannelAttention,
      SpatialAttn: spatialAttention,
      LightSpatialAttn: lightSpatialAttention,
      'CbamModule|LightCbamModule': chained('channel spatial'),
    },
  },
};
