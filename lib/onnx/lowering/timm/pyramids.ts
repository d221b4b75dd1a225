import { chained } from '../blocks.js';
import type { Expression } from '../expression.js';
import {
  attention,
  forward,
  forwardMany,
  heads,
  joinHeads,
  plus,
  queryKeyValue,
  toImage,
  toRows,
  type Scope,
} from '../forward.js';
import { cropTo, fromWindows, padToWindows, toWindows } from '../windows.js';
import { model, modelNames, type TimmFamily } from './model.js';
import { childBias } from './relative-position.js';

type Pair = readonly [height: number, width: number];

/** Keys and values of all heads from one layer. @internal */
export function keyValue(x: Expression, count: number): [Expression, Expression] {
  const split = x.reshape(0, x.size(1), 2, count, -1).permute(2, 0, 3, 1, 4);
  return [split.select(0, 0), split.select(0, 1)];
}

/** Keys and values from a smaller image than the queries. */
function reducedAttention(m: Scope, x: Expression, [height, width]: Pair): Expression {
  const count = m.int('num_heads');
  const q = heads(m.run(x, 'q'), count);
  const [k, v] = keyValue(m.run(reduced(m, x, [height, width]), 'kv'), count);
  return m.run(joinHeads(attention(q, k, v, { scale: m.number('scale') })), 'proj');
}

function reduced(m: Scope, x: Expression, [height, width]: Pair): Expression {
  if (!m.has('sr')) return x;
  const image = m.run(toImage(x, height, width), 'pool?', 'sr');
  return m.run(toRows(image), 'norm', 'act?');
}

const pvt = (...classes: readonly string[]): string[] => modelNames('pvt_v2', ...classes);

const pvtStage = forward((m, x) => {
  const image = m.has('downsample') ? m.run(x, 'downsample') : x;
  const size: Pair = [image.size(1), image.size(2)];
  const result = m.list('blocks').reduce(
    (y, child) => {
      const block = m.enter(child, pvt('Block'));
      const attended = reducedAttention(
        block.inner('attn', pvt('Attention')),
        block.run(y, 'norm1'),
        size,
      );
      const z = y.add(attended);
      const mlp = block.inner('mlp', pvt('MlpWithDepthwiseConv'));
      return z.add(depthwiseMlp(mlp, block.run(z, 'norm2'), size));
    },
    image.flatten(1, 2),
  );
  return toImage(m.run(result, 'norm'), ...size);
});

function depthwiseMlp(m: Scope, x: Expression, [height, width]: Pair): Expression {
  const image = toImage(m.run(x, 'fc1'), height, width);
  return m.run(toRows(m.run(image, 'relu', 'dwconv')), 'act', 'fc2');
}

/** The first stage is given the patches with the channels last, as all are. */
const pvtFeatures = (m: Scope, x: Expression): Expression => m.run(x, 'patch_embed', 'stages');

const twins = (...classes: readonly string[]): string[] => modelNames('twins', ...classes);

/** Attention in windows, then over a smaller image, in turns. */
function twinsAttention(m: Scope, x: Expression, size: Pair): Expression {
  if (twins('GlobalSubSampleAttn').includes(m.module.className))
    return reducedAttention(m, x, size);
  m.require(twins('LocallyGroupedAttn').includes(m.module.className), 'its block does not know it');
  const window: Pair = [m.int('ws'), m.int('ws')];
  const image = padToWindows(x.reshape(0, ...size, x.size(2)), window);
  const [q, k, v] = queryKeyValue(m.run(toWindows(image, window), 'qkv'), m.int('num_heads'));
  const mixed = joinHeads(attention(q, k, v, { scale: m.number('scale') }));
  const back = cropTo(fromWindows(mixed, window, [image.size(1), image.size(2)]), size);
  return m.run(back.flatten(1, 2), 'proj');
}

function twinsPositions(m: Scope, x: Expression, size: Pair): Expression {
  const image = toImage(x, ...size);
  const y = m.run(image, 'proj');
  return toRows(m.int('stride') === 1 ? y.add(image) : y);
}

function twinsFeatures(m: Scope, x: Expression): Expression {
  const [embeds, positions] = [m.list('patch_embeds'), m.list('pos_block')];
  let image = x;
  let rows = x;
  for (const [i, stage] of m.list('blocks').entries()) {
    const embed = m.enter(embeds[i]!, twins('PatchEmbed'));
    const patches = embed.run(image, 'proj');
    const size: Pair = [patches.size(2), patches.size(3)];
    rows = embed.run(toRows(patches), 'norm');
    for (const [j, child] of [...stage.children.values()].entries()) {
      const block = m.enter(child!, twins('Block'));
      rows = rows.add(twinsAttention(block.inner('attn'), block.run(rows, 'norm1'), size));
      rows = plus(block, rows, 'norm2', 'mlp');
      if (j === 0) rows = twinsPositions(m.enter(positions[i]!, twins('PosConv')), rows, size);
    }
    image = toImage(rows, ...size);
  }
  return m.run(rows, 'norm');
}

/** Nested transformers: attention within blocks of an image [batch, blocks, positions, channels]. */
const nestAttention = forward((m, x) => {
  const [blocks, positions, channels] = [x.size(1), x.size(2), x.size(3)];
  const count = m.int('num_heads');
  const split = m
    .run(x, 'qkv')
    .reshape(0, blocks, positions, 3, count, channels / count)
    .permute(3, 0, 4, 1, 2, 5);
  const [q, k, v] = [0, 1, 2].map((i) => split.select(0, i)) as [
    Expression,
    Expression,
    Expression,
  ];
  const mixed = attention(q, k, v, { scale: m.number('scale') });
  // Of each head's channels, as the published model has it: the heads are the last dimension.
  return m.run(mixed.permute(0, 2, 3, 4, 1).reshape(0, blocks, positions, channels), 'proj');
});

const nestLevel = forward((m, x) => {
  const image = m.run(x, 'pool').channelsLast();
  const [height, width, channels] = [image.size(1), image.size(2), image.size(3)];
  const size = m.int('block_size');
  const [rows, columns] = [height / size, width / size];
  const blocks = image
    .reshape(0, rows, size, columns, size, channels)
    .permute(0, 1, 3, 2, 4, 5)
    .reshape(0, rows * columns, size * size, channels);
  const result = m.run(blocks.add(m.requiredWeight('pos_embed')), 'transformer_encoder');
  return result
    .reshape(0, rows, columns, size, size, channels)
    .permute(0, 1, 3, 2, 4, 5)
    .reshape(0, height, width, channels)
    .channelsFirst();
});

const lastNorm = (m: Scope, x: Expression): Expression =>
  m.run(x.channelsLast(), 'norm').channelsFirst();

/** DaViT: attention in windows, then among groups of channels. */
const channelAttention = forward((m, x) => {
  const grouped = m.module.attr('groups') !== undefined;
  const [q, k, v] = queryKeyValue(m.run(x, 'qkv'), m.int(grouped ? 'groups' : 'num_heads'));
  const transposed = (y: Expression): Expression => y.transpose(-1, -2);
  if (!grouped) {
    const weights = transposed(k.mul(m.number('scale')))
      .matmul(v)
      .softmax();
    return m.run(joinHeads(transposed(weights.matmul(transposed(q)))), 'proj');
  }
  const scale = (m.bool('dynamic_scale') ? x.size(1) : m.int('head_dim')) ** -0.5;
  const weights = transposed(q.mul(scale)).matmul(k).softmax();
  return m.run(joinHeads(transposed(weights.matmul(transposed(v)))), 'proj');
});

const windowSelf = forward((m, x) => {
  const [q, k, v] = queryKeyValue(m.run(x, 'qkv'), m.int('num_heads'));
  return m.run(joinHeads(attention(q, k, v, { scale: m.number('scale') })), 'proj');
});

function davitBlock(attend: (m: Scope, rows: Expression, size: Pair) => Expression) {
  return forward((m, x) => {
    const size: Pair = [x.size(2), x.size(3)];
    const rows = toRows(m.run(x, 'cpe1'));
    const y = m.run(toImage(rows.add(attend(m, m.run(rows, 'norm1'), size)), ...size), 'cpe2');
    return m.has('mlp') ? toImage(plus(m, toRows(y), 'norm2', 'mlp'), ...size) : y;
  });
}

const channelBlock = davitBlock((m, rows) => m.run(rows, 'attn'));

const spatialBlock = davitBlock((m, rows, size) => {
  const window = m.pair('window_size');
  const image = padToWindows(rows.reshape(0, ...size, rows.size(2)), window);
  const attended = m.run(toWindows(image, window), 'attn');
  return cropTo(fromWindows(attended, window, [image.size(1), image.size(2)]), size).flatten(1, 2);
});

/** Zeros below and to the right, until the stride or the kernel divides the image. */
function padded(x: Expression, [height, width]: Pair): Expression {
  const missing = (size: number, by: number): number => (by - (size % by)) % by;
  return x.pad({ 2: [0, missing(x.size(2), height)], 3: [0, missing(x.size(3), width)] });
}

const davitStem = forward((m, x) => m.run(padded(x, m.pair('stride')), 'conv', 'norm'));

const davitDownsample = forward((m, x) => {
  const y = m.run(x, 'norm');
  const kernel = m.inner('conv').pair('kernel_size');
  return m.run(m.bool('even_k') ? padded(y, kernel) : y, 'conv');
});

/** GC ViT: every other block has queries that see the whole image. */
const gcAttention = forwardMany((m, [x, query]) => {
  const count = m.int('num_heads');
  const bias = childBias(m, 'rel_pos');
  const parts = (): [Expression, Expression, Expression] => {
    if (!m.bool('use_global') || !query) return queryKeyValue(m.run(x!, 'qkv'), count);
    const [k, v] = keyValue(m.run(x!, 'qkv'), count);
    return [heads(query, count), k, v];
  };
  const [q, k, v] = parts();
  const mixed = attention(q, k, v, { scale: m.number('scale'), ...(bias && { bias }) });
  return m.run(joinHeads(mixed), 'proj');
});

const gcBlock = forwardMany((m, [x, query]) => {
  const window = m.pair('window_size');
  const size: Pair = [x!.size(1), x!.size(2)];
  const windows = toWindows(m.run(x!, 'norm1'), window);
  const attended = query ? m.callChild('attn', windows, query) : m.run(windows, 'attn');
  const y = x!.add(m.run(fromWindows(attended, window, size), 'ls1'));
  return plus(m, y, 'norm2', 'mlp', 'ls2');
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

/** Each row of the batch as often as there are windows: [batch * windows, positions, channels]. */
function repeated(x: Expression, count: number): Expression {
  if (count === 1) return x;
  const [positions, channels] = [x.size(1), x.size(2)];
  const copies = Array.from({ length: count }, () => x.unsqueeze(1));
  return copies[0]!.concat(1, ...copies.slice(1)).reshape(-1, positions, channels);
}

/** Visformer: attention over images. */
const visformerAttention = forward((m, x) => {
  const [height, width] = [x.size(2), x.size(3)];
  const [count, size] = [m.int('num_heads'), m.int('head_dim')];
  const split = m
    .run(x, 'qkv')
    .reshape(0, 3, count, size, height * width)
    .permute(1, 0, 2, 4, 3);
  const [q, k, v] = [0, 1, 2].map((i) => split.select(0, i)) as [
    Expression,
    Expression,
    Expression,
  ];
  const mixed = attention(q, k, v, { scale: m.number('scale') }).permute(0, 1, 3, 2);
  return m.run(mixed.reshape(0, count * size, height, width), 'proj');
});

const visformerBlock = forward((m, x) => {
  const y = m.has('attn') ? plus(m, x, 'norm1', 'attn') : x;
  return plus(m, y, 'norm2', 'mlp');
});

function visformerFeatures(m: Scope, x: Expression): Expression {
  let y = m.run(x, 'stem?');
  for (const stage of [1, 2, 3]) {
    y = m.run(y, stage === 1 ? 'patch_embed1' : `patch_embed${stage}?`);
    const positions = m.weight(`pos_embed${stage}`);
    y = m.run(positions ? y.add(positions) : y, `stage${stage}`);
  }
  return m.run(y, 'norm');
}

/** ViT with relative positions, that blocks may share. */
const relativeAttention = forwardMany((m, [x, shared]) => {
  const [q, k, v] = queryKeyValue(m.run(x!, 'qkv'), m.int('num_heads'));
  const bias = childBias(m, 'rel_pos') ?? shared;
  const options = { scale: m.number('scale'), ...(bias && { bias }) };
  const mixed = attention(m.run(q, 'q_norm?'), m.run(k, 'k_norm?'), v, options);
  return m.run(joinHeads(mixed), 'proj');
});

function relativeBlock(postNorm: boolean) {
  return forwardMany((m, [x, shared]) => {
    const attend = (y: Expression): Expression =>
      shared ? m.callChild('attn', y, shared) : m.run(y, 'attn');
    if (postNorm) {
      const y = x!.add(m.run(attend(x!), 'norm1'));
      return plus(m, y, 'mlp', 'norm2');
    }
    const y = x!.add(m.run(attend(m.run(x!, 'norm1')), 'ls1'));
    return plus(m, y, 'norm2', 'mlp', 'ls2');
  });
}

function relativeFeatures(m: Scope, x: Expression): Expression {
  const patches = m.run(x, 'patch_embed');
  const token = m.weight('cls_token');
  const row = token ? token.expandTo(patches).concat(1, patches) : patches;
  const shared = childBias(m, 'shared_rel_pos');
  const result = m
    .list('blocks')
    .reduce((y, child) => (shared ? m.call(child, y, shared) : m.call(child, y)), row);
  return m.run(result, 'norm');
}

/** The mean over positions behind the tokens, or the first token. @internal */
export function tokenOrMean(m: Scope, x: Expression): Expression {
  const kind = m.attr('global_pool');
  if (kind === 'token') return x.select(1, 0);
  m.require(kind === 'avg', `it pools by "${String(kind)}"`);
  const prefix = m.int('num_prefix_tokens');
  return (prefix > 0 ? x.slice(1, prefix) : x).mean([1]);
}

const nest = (...classes: readonly string[]): string[] => modelNames('nest', ...classes);
const davit = (...classes: readonly string[]): string[] => modelNames('davit', ...classes);
const gc = (...classes: readonly string[]): string[] => modelNames('gcvit', ...classes);
const vis = (...classes: readonly string[]): string[] => modelNames('visformer', ...classes);
const relative = (...classes: readonly string[]): string[] =>
  modelNames('vision_transformer_relpos', ...classes);

/** Transformers whose images get smaller from stage to stage. @internal */
export const pyramids: TimmFamily = {
  models: [
    model('pvt_v2', 'PyramidVisionTransformerV2', pvtFeatures, (m, x) => {
      m.expectAttrs({ global_pool: 'avg' });
      return m.run(x.mean([2, 3]), 'head');
    }),
    model('twins', 'Twins', twinsFeatures, (m, x) => {
      m.expectAttrs({ global_pool: 'avg' });
      return m.run(x.mean([1]), 'head');
    }),
    model('nest', 'Nest', (m, x) => lastNorm(m, m.run(x, 'patch_embed', 'levels')), [
      'global_pool',
      'head',
    ]),
    model('davit', 'DaVit', ['stem', 'stages', 'norm_pre'], ['head']),
    model('gcvit', 'GlobalContextVit', ['stem', 'stages'], ['head']),
    model('visformer', 'Visformer', visformerFeatures, ['global_pool', 'head']),
    model('vision_transformer_relpos', 'VisionTransformerRelPos', relativeFeatures, (m, x) =>
      m.run(tokenOrMean(m, x), 'fc_norm', 'head'),
    ),
  ],
  blocks: [
    [pvt('OverlapPatchEmbed'), forward((m, x) => m.run(m.run(x, 'proj').channelsLast(), 'norm'))],
    [pvt('PyramidVisionTransformerStage'), pvtStage],
    [nest('Attention'), nestAttention],
    [
      nest('TransformerLayer'),
      forward((m, x) => plus(m, plus(m, x, 'norm1', 'attn'), 'norm2', 'mlp')),
    ],
    [nest('ConvPool'), forward((m, x) => m.run(lastNorm(m, m.run(x, 'conv')), 'pool'))],
    [nest('NestLevel'), nestLevel],
    [davit('ConvPosEnc'), forward((m, x) => plus(m, x, 'proj', 'act'))],
    [davit('Stem'), davitStem],
    [davit('Downsample'), davitDownsample],
    [davit('ChannelAttention', 'ChannelAttentionV2'), channelAttention],
    [davit('WindowAttention'), windowSelf],
    [davit('ChannelBlock'), channelBlock],
    [davit('SpatialBlock'), spatialBlock],
    [davit('DaVitStage'), chained('downsample', 'blocks')],
    [gc('MbConvBlock'), forward((m, x) => plus(m, x, 'conv_dw', 'act', 'se', 'conv_pw'))],
    [gc('Downsample2d'), chained('norm1', 'conv_block', 'reduction', 'norm2')],
    [gc('FeatureBlock'), chained('blocks')],
    [gc('Stem'), chained('conv1', 'down')],
    [gc('WindowAttentionGlobal'), gcAttention],
    [gc('GlobalContextVitBlock'), gcBlock],
    [gc('GlobalContextVitStage'), gcStage],
    [vis('SpatialMlp'), chained('conv1', 'act1', 'conv2?', 'act2?', 'conv3')],
    [vis('Attention'), visformerAttention],
    [vis('Block'), visformerBlock],
    [relative('RelPosAttention'), relativeAttention],
    [relative('RelPosBlock'), relativeBlock(false)],
    [relative('ResPostRelPosBlock'), relativeBlock(true)],
  ],
};
