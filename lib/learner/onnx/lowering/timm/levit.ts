import { lowerSequential } from '../containers.js';
import type { Expression, Pair, Triple } from '../expression.js';
import { chained, forward, plus, residual, residuals } from '../forward.js';
import { attendHeads, headsToImage, joinHeads, scaledAttention, toRows } from '../heads.js';
import type { LoweringFamily } from '../lowering.js';
import type { Scope } from '../scope.js';
import { inWindows } from '../windows.js';
import { model } from './model.js';

/** A number for each head and each distance between two positions: [heads, queries, keys]. */
export function distanceBias(m: Scope): Expression {
  return m.requiredWeight('attention_biases').gather(1, m.requiredWeight('attention_bias_idxs'));
}

/** Queries, keys and values of each head, concatenated, over rows [batch, positions, channels]. */
function splitRows(m: Scope, x: Expression, sizes: readonly number[]): Expression[] {
  const split = x.reshape(0, x.size(1), m.int('num_heads'), -1).permute(0, 2, 1, 3);
  return split.split(3, sizes);
}

/** The same over images; the result is [batch, heads, positions, width]. */
function splitImage(m: Scope, x: Expression, sizes: readonly number[]): Expression[] {
  const split = x.reshape(0, m.int('num_heads'), -1, x.size(2) * x.size(3));
  return split.split(2, sizes).map((part) => part.transpose(-2, -1));
}

const splitOf = (m: Scope) => (m.bool('use_conv') ? splitImage : splitRows);

/** Before timm 0.5 it was called `d`. */
const valueSize = (m: Scope): number =>
  m.attr('val_dim') === undefined ? m.int('d') : m.int('val_dim');

const selfAttention = forward((m, x) => {
  const key = m.int('key_dim');
  const sizes = [key, key, valueSize(m)];
  const [q, k, v] = splitOf(m)(m, m.run(x, 'qkv'), sizes) as Triple;
  const mixed = scaledAttention(m, q, k, v, distanceBias(m));
  return m.bool('use_conv')
    ? m.run(headsToImage(mixed, x.size(2), x.size(3)), 'proj')
    : m.run(joinHeads(mixed), 'proj');
});

const downAttention = forward((m, x) => {
  const [key, value, stride] = [m.int('key_dim'), valueSize(m), m.int('stride')];
  const [bias, split] = [distanceBias(m), splitOf(m)];
  const [k, v] = split(m, m.run(x, 'kv'), [key, value]) as Pair;
  const [q] = split(m, m.run(x, 'q'), [key]) as [Expression];
  const mixed = scaledAttention(m, q, k, v, bias);
  if (!m.bool('use_conv')) return m.run(joinHeads(mixed), 'proj');
  const size = (extent: number): number => Math.floor((extent - 1) / stride) + 1;
  return m.run(headsToImage(mixed, size(x.size(2)), size(x.size(3))), 'proj');
});

/** Every other position of an image given as a sequence, or a mean around it. */
const downsample = forward((m, x) => {
  const [height, width] = m.pair('resolution');
  const stride = m.int('stride');
  const image = x.reshape(0, height, width, x.size(2));
  if (m.has('pool')) return m.run(image.channelsFirst(), 'pool').channelsLast().flatten(1, 2);
  const end = Number.MAX_SAFE_INTEGER;
  return image.slice(1, 0, end, stride).slice(2, 0, end, stride).flatten(1, 2);
});

/** A linear layer over rows, and a norm over all of them. */
const linearNorm = forward((m, x) => {
  const y = m.run(x, m.has('c') ? 'c' : 'linear');
  const flat = y.reshape(-1, y.size(2));
  return m.run(flat, 'bn').reshape(-1, y.size(1), y.size(2));
});

/** Before timm 0.8 all blocks were in one list. */
function features(m: Scope, x: Expression): Expression {
  const old = m.has('patch_embed');
  const stem = m.run(x, old ? 'patch_embed' : 'stem');
  return m.run(m.bool('use_conv') ? stem : toRows(stem), old ? 'blocks' : 'stages');
}

function pooled(m: Scope, x: Expression): Expression {
  m.expectAttrs({ global_pool: 'avg' });
  return x.rank === 4 ? x.mean([2, 3]) : x.mean([1]);
}

/** The mean of two heads, if there are two. */
function head(m: Scope, x: Expression): Expression {
  const summary = pooled(m, x);
  const first = m.run(summary, 'head');
  return m.has('head_dist') ? first.add(m.run(summary, 'head_dist')).mul(0.5) : first;
}

/** A layer for queries, keys and values over rows, optionally after a norm. */
const rowAttention = (layers: string) =>
  forward((m, x) => {
    const key = m.int('key_dim');
    const sizes = [key, key, m.int('val_dim')];
    const [q, k, v] = splitRows(m, m.run(x, layers), sizes) as Triple;
    return attendHeads(m, q, k, v, distanceBias(m));
  });

/** An image as [batch, heads, positions, width]. */
const byHead = (m: Scope, x: Expression): Expression =>
  x.reshape(0, m.int('num_heads'), -1, x.size(2) * x.size(3)).transpose(-2, -1);

/** EfficientFormer v2: heads are mixed before and after the softmax. */
const talkingAttention = forward((m, x) => {
  const [height, width] = m.pair('resolution');
  const y = m.run(x, 'stride_conv?');
  m.requireSize(
    y.size(2) === height && y.size(3) === width,
    'its positions are for images of another size',
  );
  const [q, k] = [byHead(m, m.run(y, 'q')), byHead(m, m.run(y, 'k'))];
  const values = m.run(y, 'v');
  const scores = q.matmul(k.transpose(-2, -1)).mul(m.number('scale')).add(distanceBias(m));
  const weights = m.run(m.run(scores, 'talking_head1').softmax(), 'talking_head2');
  const mixed = headsToImage(weights.matmul(byHead(m, values)), height, width);
  return m.run(mixed.add(m.run(values, 'v_local')), 'upsample? act proj');
});

const talkingDown = forward((m, x) => {
  const values = m.run(x, 'v');
  const [q, k, v] = [byHead(m, m.run(x, 'q')), byHead(m, m.run(x, 'k')), byHead(m, values)];
  const mixed = scaledAttention(m, q, k, v, distanceBias(m));
  const [height, width] = m.pair('resolution2');
  const local = m.run(values, 'v_local');
  return m.run(headsToImage(mixed, height, width).add(local), 'act proj');
});

const localGlobal = forward((m, x) => m.run(m.run(x, 'local').add(m.run(x, 'pool')), 'proj'));

const downsampleV2 = forward((m, x) => {
  const y = m.run(x, 'conv');
  return m.has('attn') ? m.run(x, 'attn').add(y) : y;
});

const blockV2 = forward((m, x) => {
  const y = m.has('token_mixer') ? plus(m, x, 'token_mixer ls1') : x;
  return plus(m, y, 'mlp ls2');
});

const tinyBlock = forward((m, x) => {
  const [height, width, channels] = [x.size(1), x.size(2), x.size(3)];
  const window = m.pair('window_size');
  const image = x.add(inWindows(x, window, (windows) => m.run(windows, 'attn'))).channelsFirst();
  const rows = toRows(m.run(image, 'local_conv'));
  return plus(m, rows, 'mlp').reshape(0, height, width, channels);
});

const tinyStage = forward((m, x) =>
  m.run(m.run(x, 'downsample').channelsLast(), 'blocks').channelsFirst(),
);

const normed = 'stem stages norm';

/** LeViT, EfficientFormer and TinyViT: attention with a number for each distance. */
export const levits: LoweringFamily = {
  lowerings: {
    'timm.models.levit': {
      'Levit|LevitDistilled': model(features, head),
      'Stem8|Stem16': lowerSequential,
      ConvNorm: chained('c? linear? bn'),
      LinearNorm: linearNorm,
      NormLinear: chained('bn l? linear?'),
      'Downsample|Subsample': downsample,
      Residual: residuals('m'),
      Attention: selfAttention,
      'AttentionDownsample|AttentionSubsample': downAttention,
      LevitMlp: chained('ln1 act ln2'),
      LevitDownsample: forward((m, x) => plus(m, m.run(x, 'attn_downsample'), 'mlp')),
      LevitBlock: residuals('attn', 'mlp'),
      LevitStage: chained('downsample blocks'),
    },
    'timm.models.efficientformer': {
      EfficientFormer: model(normed, head),
      Stem4: lowerSequential,
      Attention: rowAttention('qkv'),
      Downsample: chained('conv norm'),
      Flat: forward((_, x) => toRows(x)),
      Pooling: forward((m, x) => m.run(x, 'pool').sub(x)),
      ConvMlpWithNorm: chained('fc1 norm1 act fc2 norm2'),
      MetaBlock1d: residuals('norm1 token_mixer ls1', 'norm2 mlp ls2'),
      MetaBlock2d: residuals('token_mixer ls1', 'mlp ls2'),
      EfficientFormerStage: chained('downsample blocks'),
    },
    'timm.models.efficientformer_v2': {
      EfficientFormerV2: model(normed, head),
      Stem4: lowerSequential,
      ConvNorm: chained('conv bn'),
      ConvNormAct: chained('conv bn act'),
      Attention2d: talkingAttention,
      Attention2dDownsample: talkingDown,
      LocalGlobalQuery: localGlobal,
      Downsample: downsampleV2,
      ConvMlpWithNorm: chained('fc1 mid fc2'),
      EfficientFormerV2Block: blockV2,
      EfficientFormerV2Stage: chained('downsample blocks'),
    },
    'timm.models.tiny_vit': {
      TinyVit: model('patch_embed stages', 'head'),
      ConvNorm: lowerSequential,
      PatchEmbed: chained('conv1 act conv2'),
      MBConv: residual('conv1 act1 conv2 act2 conv3', 'act3'),
      PatchMerging: chained('conv1 act1 conv2 act2 conv3'),
      ConvLayer: chained('blocks'),
      NormMlp: chained('norm fc1 act fc2'),
      Attention: rowAttention('norm qkv'),
      TinyVitBlock: tinyBlock,
      TinyVitStage: tinyStage,
    },
  },
};
