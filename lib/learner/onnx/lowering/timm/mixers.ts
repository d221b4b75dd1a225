import { lowerSequential, passThrough } from '../containers.js';
import type { Expression, Quad, Triple } from '../expression.js';
import { chained, forward, plus, residuals, total } from '../forward.js';
import { selfAttention, toImage, toRows } from '../heads.js';
import { lowerGroupNorm, lowerLayerNorm2d } from '../image-norm.js';
import type { LoweringFamily } from '../lowering.js';
import { lowerLayerNorm } from '../norm.js';
import type { Scope } from '../scope.js';
import { meanHead, model } from './model.js';
import { plusScaled } from './vision-transformer.js';

/** A layer over positions instead of channels. */
function overPositions(m: Scope, x: Expression, name: string): Expression {
  return m.run(x.permute(0, 2, 1), name).permute(0, 2, 1);
}

const mixerBlock = forward((m, x) => {
  const y = x.add(overPositions(m, m.run(x, 'norm1'), 'mlp_tokens'));
  return plus(m, y, 'norm2 mlp_channels');
});

const residualMlp = forward((m, x) => {
  const tokens = overPositions(m, m.run(x, 'norm1'), 'linear_tokens');
  const y = plusScaled(m, x, tokens, 'ls1');
  return plusScaled(m, y, m.run(y, 'norm2 mlp_channels'), 'ls2');
});

const affine = forward((m, x) => x.mul(m.requiredWeight('alpha')).add(m.requiredWeight('beta')));

const spatialGate = forward((m, x) => {
  const [u, v] = x.chunk(-1, 2);
  return u.mul(overPositions(m, m.run(v, 'norm'), 'proj'));
});

function mixerHead(m: Scope, x: Expression): Expression {
  const kind = m.attr('global_pool');
  m.require(kind === 'avg' || kind === undefined, `it pools by "${String(kind)}"`);
  return m.run(x.mean([1]), 'head');
}

/** MetaFormer: blocks over images, or over rows of positions. */
const metaStage = forward((m, x) => {
  const y = m.run(x, 'downsample');
  if (m.bool('use_nchw')) return m.run(y, 'blocks');
  return toImage(m.run(toRows(y), 'blocks'), y.size(2), y.size(3));
});

const metaBlock = forward((m, x) => {
  const y = m.run(x, 'res_scale1').add(m.run(x, 'norm1 token_mixer layer_scale1'));
  return m.run(y, 'res_scale2').add(m.run(y, 'norm2 mlp layer_scale2'));
});

const metaScale = forward((m, x) => x.mul(m.requiredWeight('scale').reshape(...m.ints('shape'))));

const pooling = forward((m, x) => m.run(x, 'pool').sub(x));

/** MetaFormer's forerunner. */
const poolFormerBlock = forward((m, x) => {
  const scaled = (y: Expression, name: string): Expression => {
    const scale = m.weight(name);
    return scale ? y.mul(scale.reshape(-1, 1, 1)) : y;
  };
  const y = x.add(scaled(m.run(x, 'norm1 token_mixer'), 'layer_scale_1'));
  return y.add(scaled(m.run(y, 'norm2 mlp'), 'layer_scale_2'));
});

const starRelu = forward((m, x) => {
  const y = x.relu();
  return y.mul(y).mul(m.requiredWeight('scale')).add(m.requiredWeight('bias'));
});

const squaredRelu = forward((_, x) => {
  const y = x.relu();
  return y.mul(y);
});

const metaHead = (m: Scope, x: Expression): Expression =>
  m.inner('head').run(x, 'global_pool norm flatten fc');

/** InceptionNeXt: parts of the channels in kernels of several shapes. */
const inceptionConv = forward((m, x) => {
  const [kept, square, wide, tall] = x.split(1, m.ints('split_indexes')) as Quad;
  const convolved = [m.run(square, 'dwconv_hw'), m.run(wide, 'dwconv_w'), m.run(tall, 'dwconv_h')];
  return kept.concat(1, ...convolved);
});

const inceptionBlock = forward((m, x) => {
  const y = m.run(x, 'token_mixer norm mlp');
  const gamma = m.weight('gamma');
  return x.add(gamma ? y.mul(gamma.reshape(-1, 1, 1)) : y);
});

const starBlock = forward((m, x) => {
  const y = m.run(x, 'dwconv');
  return x.add(m.run(m.run(y, 'f1 act').mul(m.run(y, 'f2')), 'g dwconv2'));
});

/** FocalNet: the surroundings of each pixel at several distances, weighted by gates. */
const modulation = forward((m, x) => {
  const level = m.int('focal_level');
  const [q, context, gates] = m.run(x, 'f').split(1, m.ints('input_split')) as Triple;
  const parts: Expression[] = [];
  let around = context;
  for (const [i, layer] of m.list('focal_layers').entries()) {
    around = m.call(layer, around);
    parts.push(around.mul(gates.slice(1, i, i + 1)));
  }
  const whole = m.run(around.mean([2, 3], true), 'act');
  parts.push(whole.mul(gates.slice(1, level)));
  const sum = total(parts);
  const normal = m.bool('normalize_modulator') ? sum.div(level + 1) : sum;
  return m.run(q.mul(m.run(normal, 'h')), 'norm proj');
});

/** A recurrent layer along the columns, and another along the rows. */
const recurrent2d = forward((m, x) => {
  const [height, width, channels] = [x.size(1), x.size(2), x.size(3)];
  const both = (m.bool('bidirectional', true) ? 2 : 1) * m.int('hidden_size');
  const hidden = m.int('output_size', both);
  const results: Expression[] = [];
  if (m.bool('with_vertical')) {
    const columns = x.permute(0, 2, 1, 3).reshape(-1, height, channels);
    const result = m.runFirst(columns, 'rnn_v').reshape(-1, width, height, hidden);
    results.push(result.permute(0, 2, 1, 3));
  }
  if (m.bool('with_horizontal')) {
    const rows = x.reshape(-1, width, channels);
    results.push(m.runFirst(rows, 'rnn_h').reshape(-1, height, width, hidden));
  }
  const [first, second] = results;
  if (!first) throw m.refusal('it goes in no direction');
  const union = m.string('union', 'cat');
  m.require(['cat', 'add'].includes(union), `it joins its directions by "${union}"`);
  if (!second) return m.run(first, 'fc?');
  return m.run(union === 'cat' ? first.concat(3, second) : first.add(second), 'fc?');
});

/** Models that mix positions by layers, poolings, convolutions or recurrent layers. */
export const mixers: LoweringFamily = {
  lowerings: {
    'timm.models.mlp_mixer': {
      MlpMixer: model('stem blocks norm', mixerHead),
      MixerBlock: mixerBlock,
      ResBlock: residualMlp,
      Affine: affine,
      SpatialGatingUnit: spatialGate,
      SpatialGatingBlock: residuals('norm mlp_channels'),
    },
    'timm.models.convmixer': {
      ConvMixer: model('stem blocks', (m, x) =>
        m.run(x, m.has('pooling') ? 'pooling head' : 'global_pool head'),
      ),
      Residual: residuals('fn'),
    },
    'timm.models.metaformer': {
      MetaFormer: model('stem stages', metaHead),
      Stem: chained('conv norm'),
      Downsampling: chained('norm conv'),
      Scale: metaScale,
      SquaredReLU: squaredRelu,
      StarReLU: starRelu,
      Attention: selfAttention,
      SepConv: chained('pwconv1 act1 dwconv act2 pwconv2'),
      Pooling: pooling,
      MlpHead: chained('fc1 act norm fc2'),
      MetaFormerBlock: metaBlock,
      MetaFormerStage: metaStage,
      GroupNorm1NoBias: lowerGroupNorm,
      LayerNorm2dNoBias: lowerLayerNorm2d,
      LayerNormNoBias: lowerLayerNorm,
    },
    'timm.models.inception_next': {
      MetaNeXt: model('stem stages', 'head'),
      InceptionDWConv2d: inceptionConv,
      ConvMlp: chained('fc1 norm act fc2'),
      MlpClassifierHead: chained('global_pool fc1 act norm fc2'),
      MetaNeXtBlock: inceptionBlock,
      MetaNeXtStage: chained('downsample blocks'),
    },
    'timm.models.starnet': {
      StarNet: model('stem stages norm', 'global_pool flatten head'),
      ConvBN: lowerSequential,
      Block: starBlock,
    },
    'timm.models.focalnet': {
      FocalNet: model('stem layers norm', 'head'),
      FocalModulation: modulation,
      FocalNetBlock: residuals('norm1 modulation norm1_post ls1', 'norm2 mlp norm2_post ls2'),
      FocalNetStage: forward((m, x) => m.each(m.run(x, 'downsample'), 'blocks')),
      Downsample: chained('proj norm'),
    },
    'timm.models.poolformer': {
      PoolFormer: model('patch_embed network norm', meanHead(2, 3)),
      PatchEmbed: chained('proj norm'),
      Pooling: pooling,
      PoolFormerBlock: poolFormerBlock,
    },
    'timm.models.sequencer': {
      Sequencer2d: model('stem stages norm', 'head'),
      Sequencer2D: model('stem blocks norm', meanHead(1, 2)),
      PatchEmbed: forward((m, x) => {
        m.expectAttrs({ flatten: false });
        return m.run(m.run(x, 'proj').channelsLast(), 'norm');
      }),
      'LSTM2d|LSTM2D': recurrent2d,
      'Sequencer2dBlock|Sequencer2DBlock': residuals('norm1 rnn_tokens', 'norm2 mlp_channels'),
      Shuffle: passThrough,
      'Downsample2d|Downsample2D': forward((m, x) =>
        m.run(x.channelsFirst(), 'down').channelsLast(),
      ),
      Sequencer2dStage: chained('downsample blocks'),
    },
  },
};
