import type { Expression } from '../expression.js';
import { chained, forward, forwardMany, joined, plus, residuals } from '../forward.js';
import {
  attendHeads,
  heads,
  joinHeads,
  keyValue,
  queryKeyValue,
  selfAttention,
  toImage,
  toRows,
} from '../heads.js';
import type { LoweringFamily } from '../lowering.js';
import type { Scope } from '../scope.js';
import { fromWindows, inWindows, padTo, toWindows, type Size } from '../windows.js';
import { model } from './model.js';
import { childBias } from './relative-position.js';

/** DaViT: attention in windows, then among groups of channels. */
const channelAttention = forward((m, x) => {
  const grouped = m.module.attr('groups') !== undefined;
  const [q, k, v] = queryKeyValue(m.run(x, 'qkv'), m.int(grouped ? 'groups' : 'num_heads'));
  const transposed = (y: Expression): Expression => y.transpose(-1, -2);
  const mix = (a: Expression, b: Expression, values: Expression, scale: number): Expression => {
    const weights = transposed(a.mul(scale)).matmul(b).softmax();
    return m.run(joinHeads(transposed(weights.matmul(transposed(values)))), 'proj');
  };
  if (!grouped) return mix(k, v, q, m.number('scale'));
  return mix(q, k, v, (m.bool('dynamic_scale') ? x.size(1) : m.int('head_dim')) ** -0.5);
});

function davitBlock(attend: (m: Scope, rows: Expression, size: Size) => Expression) {
  return forward((m, x) => {
    const size: Size = [x.size(2), x.size(3)];
    const rows = toRows(m.run(x, 'cpe1'));
    const y = m.run(toImage(rows.add(attend(m, m.run(rows, 'norm1'), size)), ...size), 'cpe2');
    return m.has('mlp') ? toImage(plus(m, toRows(y), 'norm2 mlp'), ...size) : y;
  });
}

const channelBlock = davitBlock((m, rows) => m.run(rows, 'attn'));

const spatialBlock = davitBlock((m, rows, size) => {
  const window = m.pair('window_size');
  const image = rows.reshape(0, ...size, rows.size(2));
  return inWindows(image, window, (windows) => m.run(windows, 'attn')).flatten(1, 2);
});

const padded = (x: Expression, by: Size): Expression => padTo(x, by, [2, 3]);

const davitStem = forward((m, x) => m.run(padded(x, m.pair('stride')), 'conv norm'));

const davitDownsample = forward((m, x) => {
  const y = m.run(x, 'norm');
  const kernel = m.inner('conv').pair('kernel_size');
  const two = kernel.every((size) => size === 2);
  return m.run(m.bool('even_k', two) ? padded(y, kernel) : y, 'conv');
});

/** GC ViT: every other block has queries from the whole image. */
const gcAttention = forwardMany((m, [x, query]) => {
  const count = m.int('num_heads');
  const bias = childBias(m, 'rel_pos');
  const qkv = m.run(x!, 'qkv');
  if (!m.bool('use_global') || !query) return attendHeads(m, ...queryKeyValue(qkv, count), bias);
  const [k, v] = keyValue(qkv, count);
  return attendHeads(m, heads(query, count), k, v, bias);
});

const gcBlock = forwardMany((m, [x, query]) => {
  const window = m.pair('window_size');
  const size: Size = [x!.size(1), x!.size(2)];
  const windows = toWindows(m.run(x!, 'norm1'), window);
  const attended = m.callChild('attn', windows, query);
  const y = x!.add(m.run(fromWindows(attended, window, size), 'ls1'));
  return plus(m, y, 'norm2 mlp ls2');
});

const gcStage = forward((m, x) => {
  const image = m.run(x, 'downsample');
  const query = m.run(m.run(image, 'global_block').channelsLast(), 'global_norm');
  const last = image.channelsLast();
  const result = m.list('blocks').reduce((y, child) => {
    const count = (y.size(1) / query.size(1)) * (y.size(2) / query.size(2));
    return m.call(child, y, repeated(query.flatten(1, 2), count));
  }, last);
  return m.run(result, 'norm').channelsFirst();
});

/** Repeats each row of the batch for each window: [batch * windows, positions, channels]. */
function repeated(x: Expression, count: number): Expression {
  if (count === 1) return x;
  const [positions, channels] = [x.size(1), x.size(2)];
  const copies = Array.from({ length: count }, () => x.unsqueeze(1));
  return joined(copies).reshape(-1, positions, channels);
}

/** DaViT and GC ViT: attention in windows, plus a wider attention. */
export const windowedTransformers: LoweringFamily = {
  lowerings: {
    'timm.models.davit': {
      DaVit: model('stem stages norm_pre', 'head'),
      ConvPosEnc: residuals('proj act'),
      Stem: davitStem,
      Downsample: davitDownsample,
      'ChannelAttention|ChannelAttentionV2': channelAttention,
      WindowAttention: selfAttention,
      ChannelBlock: channelBlock,
      SpatialBlock: spatialBlock,
      DaVitStage: chained('downsample blocks'),
    },
    'timm.models.gcvit': {
      GlobalContextVit: model('stem stages', 'head'),
      MbConvBlock: residuals('conv_dw act se conv_pw'),
      Downsample2d: chained('norm1 conv_block reduction norm2'),
      FeatureBlock: chained('blocks'),
      Stem: chained('conv1 down'),
      WindowAttentionGlobal: gcAttention,
      GlobalContextVitBlock: gcBlock,
      GlobalContextVitStage: gcStage,
    },
  },
};
