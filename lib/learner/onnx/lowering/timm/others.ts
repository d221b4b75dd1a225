import { lowerSequential } from '../containers.js';
import type { Expression, Triple } from '../expression.js';
import { chained, forward, plus, residuals, total } from '../forward.js';
import { attention, headsToImage, imageHeads, scaledAttention, toImage, toRows } from '../heads.js';
import type { LoweringFamily } from '../lowering.js';
import type { Scope } from '../scope.js';
import { inceptionBlocks, mixedLayers } from '../torchvision/inception.js';
import { model } from './model.js';

/** Xception: separable convolutions, with an optional projection in the shortcut. */
const xceptionBlock = forward((m, x) => {
  const shortcut = m.has('skip') ? m.run(x, 'skip skipbn') : x;
  return m.run(x, 'rep').add(shortcut);
});

const alignedBlock = forward((m, x) => {
  const y = m.run(x, 'stack');
  return m.bool('no_skip') ? y : y.add(m.run(x, 'shortcut?'));
});

const alignedPreBlock = forward((m, x) => {
  const normal = m.run(x, 'norm');
  const y = m.run(normal, 'stack');
  return m.bool('no_skip') ? y : y.add(m.run(normal, 'shortcut'));
});

/** HGNet: the outputs of all layers together. */
const highPerformance = forward((m, x) => {
  const results = [x];
  for (const layer of m.list('layers')) results.push(m.call(layer, results.at(-1)!));
  const y = m.run(x.concat(1, ...results.slice(1)), 'aggregation');
  return m.bool('residual') ? y.add(x) : y;
});

const stemV2 = forward((m, x) => {
  const margin = { 2: [0, 1], 3: [0, 1] } as const;
  const y = m.run(x, 'stem1').pad(margin);
  const z = m.run(m.run(y, 'stem2a').pad(margin), 'stem2b');
  return m.run(m.run(y, 'pool').concat(1, z), 'stem3 stem4');
});

const ese = forward((m, x) => x.mul(m.run(x.mean([2, 3], true), 'conv sigmoid')));

const affine = forward((m, x) => x.mul(m.requiredWeight('scale')).add(m.requiredWeight('bias')));

/** MambaOut: a gate, and a convolution over part of the channels. */
const gatedConv = forward((m, x) => {
  const [gate, kept, convolved] = m.run(x, 'norm fc1').split(3, m.ints('split_indices')) as Triple;
  const around = m.run(convolved.channelsFirst(), 'conv').channelsLast();
  return x.add(m.run(m.run(gate, 'act').mul(kept.concat(3, around)), 'fc2 ls'));
});

const mambaStem = forward((m, x) => {
  const y = m.run(x, 'conv1');
  const normal = m.has('norm1') ? m.run(y.channelsLast(), 'norm1').channelsFirst() : y;
  return m.run(m.run(normal, 'act conv2').channelsLast(), 'norm2');
});

/** A convolution over an image with the channels last. */
const convLast = (m: Scope, x: Expression): Expression =>
  m.run(x.channelsFirst(), 'conv').channelsLast();

const mambaHead = forward((m, x) => {
  m.expectAttrs({ pool_type: 'avg' });
  return m.run(x.mean([1, 2]), 'norm pre_logits fc');
});

/** A network instead of the patch projection. */
const hybridEmbed = forward((m, x) => {
  m.require(!m.bool('dynamic_img_pad', false), 'it pads its features (dynamic_img_pad)');
  const patches = m.run(x, 'backbone proj');
  if (m.bool('flatten', true)) return toRows(patches);
  const format = m.enumeration('output_fmt', 'NCHW');
  m.require(format === 'NCHW' || format === 'NHWC', `it gives its patches as ${format}`);
  return format === 'NHWC' ? patches.channelsLast() : patches;
});

/** MobileNetV4: all heads share keys and values, optionally from a smaller image. */
const multiQuery = forward((m, x) => {
  const [count, size] = [m.int('num_heads'), m.int('key_dim')];
  const [down, right] = m.pair('query_strides');
  const q = m.run(x, 'query').reshape(0, count, size, -1).transpose(-1, -2);
  const rows = (y: Expression): Expression => y.flatten(2).transpose(1, 2).unsqueeze(1);
  const [k, v] = [rows(m.run(x, 'key')), rows(m.run(x, 'value'))];
  const image = scaledAttention(m, q, k, v)
    .transpose(1, 2)
    .reshape(0, Math.floor(x.size(2) / down), Math.floor(x.size(3) / right), -1);
  return m.run(image.channelsFirst(), 'output');
});

/** Attention over an image, with heads as parts of the channels. */
const imageAttention = forward((m, x) => {
  const mixed = attention(...imageHeads(m, m.run(x, 'qkv'), m.bool('head_first')));
  return m.run(headsToImage(mixed, x.size(2), x.size(3)), 'proj');
});

/** SwiftFormer: one global query. */
const additive = forward((m, x) => {
  const rows = toRows(x);
  const query = m.run(rows, 'to_query').normalize();
  const key = m.run(rows, 'to_key').normalize();
  const weights = query.matmul(m.requiredWeight('w_g')).mul(m.number('scale_factor')).normalize(1);
  const context = weights.mul(query).sum([1], true);
  const out = m.run(m.run(context.mul(key), 'proj').add(query), 'final');
  return toImage(out, x.size(2), x.size(3));
});

const convEncoder = residuals('dwconv norm pwconv1 act pwconv2 layer_scale');

const swiftBlock = forward((m, x) => {
  const y = plus(m, m.run(x, 'local_representation'), 'attn layer_scale_1');
  return plus(m, y, 'linear layer_scale_2');
});

function inceptionFeatures(m: Scope, x: Expression): Expression {
  m.require(!m.bool('aux_logits', false), 'it gives two tensors (aux_logits)');
  const stem = 'Conv2d_1a_3x3 Conv2d_2a_3x3 Conv2d_2b_3x3 Pool1 Conv2d_3b_1x1 Conv2d_4a_3x3 Pool2';
  return m.run(x, `${stem} ${mixedLayers}`);
}

const xceptionLayers =
  'conv1 bn1 act1 conv2 bn2 act2 block1 block2 block3 block4 block5 block6 block7 block8 block9 ' +
  'block10 block11 block12 conv3 bn3 act3 conv4 bn4 act4';

/** Families of one or two models each. */
export const otherModels: LoweringFamily = {
  lowerings: {
    'timm.models.xception': {
      Xception: model(xceptionLayers, 'global_pool fc'),
      SeparableConv2d: chained('conv1 pointwise'),
      Block: xceptionBlock,
    },
    'timm.models.xception_aligned': {
      XceptionAligned: model('stem blocks act?', 'head'),
      SeparableConv2d: chained('conv_dw bn_dw act_dw? conv_pw bn_pw act_pw?'),
      PreSeparableConv2d: chained('norm conv_dw conv_pw'),
      XceptionModule: alignedBlock,
      PreXceptionModule: alignedPreBlock,
    },
    'timm.models.inception_v3': {
      ...inceptionBlocks,
      BasicConv2d: forward((m, x) => m.run(x, 'conv bn').relu()),
      InceptionV3: model(inceptionFeatures, 'global_pool fc'),
    },
    'timm.models.hgnet': {
      HighPerfGpuNet: model('stem stages', 'head'),
      LearnableAffineBlock: affine,
      ConvBNAct: chained('conv bn act lab'),
      LightConvBNAct: chained('conv1 conv2'),
      EseModule: ese,
      StemV1: chained('stem pool'),
      StemV2: stemV2,
      HighPerfGpuBlock: highPerformance,
      HighPerfGpuStage: chained('downsample blocks'),
      ClassifierHead: chained('global_pool last_conv flatten fc'),
    },
    'timm.models.mambaout': {
      MambaOut: model('stem stages', 'head'),
      Stem: mambaStem,
      DownsampleNormFirst: forward((m, x) => convLast(m, m.run(x, 'norm'))),
      Downsample: forward((m, x) => m.run(convLast(m, x), 'norm')),
      MlpHead: mambaHead,
      GatedConvBlock: gatedConv,
      MambaOutStage: chained('downsample blocks'),
    },
    'timm.models.swiftformer': {
      SwiftFormer: model('stem stages norm', (m, x) => {
        m.expectAttrs({ global_pool: 'avg' });
        const summary = x.mean([2, 3]);
        return total([m.run(summary, 'head'), m.run(summary, 'head_dist')]).mul(0.5);
      }),
      LayerScale2d: forward((m, x) => x.mul(m.requiredWeight('gamma'))),
      Embedding: chained('proj norm'),
      'ConvEncoder|LocalRepresentation': convEncoder,
      Mlp: chained('norm1 fc1 act fc2'),
      EfficientAdditiveAttention: additive,
      Block: swiftBlock,
      Stage: chained('downsample blocks'),
    },
    'timm.layers.hybrid_embed': { HybridEmbed: hybridEmbed },
    'timm.models.vision_transformer_hybrid': {
      ConvStem: lowerSequential,
      HybridEmbed: hybridEmbed,
    },
    'timm.layers.attention2d': {
      MultiQueryAttention2d: multiQuery,
      Attention2d: imageAttention,
    },
  },
};
