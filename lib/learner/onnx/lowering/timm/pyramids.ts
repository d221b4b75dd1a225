import type { Expression } from '../expression.js';
import { chained, forward, plus, preNormBlock } from '../forward.js';
import {
  attendHeads,
  heads,
  headsToImage,
  joinHeads,
  keyValue,
  queryKeyValue,
  scaledAttention,
  toImage,
  toRows,
} from '../heads.js';
import type { LoweringFamily } from '../lowering.js';
import type { Scope } from '../scope.js';
import { inWindows, type Size } from '../windows.js';
import { meanHead, model } from './model.js';

/** Keys and values from a smaller image than the queries. */
function reducedAttention(m: Scope, x: Expression, size: Size): Expression {
  const count = m.int('num_heads');
  const q = heads(m.run(x, 'q'), count);
  const reduced = m.has('sr')
    ? m.run(toRows(m.run(toImage(x, ...size), 'pool? sr')), 'norm act?')
    : x;
  return attendHeads(m, q, ...keyValue(m.run(reduced, 'kv'), count));
}

const pvtStage = forward((m, x) => {
  const image = m.has('downsample') ? m.run(x, 'downsample') : x;
  const size: Size = [image.size(1), image.size(2)];
  const result = m.list('blocks').reduce(
    (y, child) => {
      const block = m.enter(child, 'timm.models.pvt_v2.Block');
      const attended = reducedAttention(
        block.inner('attn', 'timm.models.pvt_v2.Attention'),
        block.run(y, 'norm1'),
        size,
      );
      const z = y.add(attended);
      const mlp = block.inner('mlp', 'timm.models.pvt_v2.MlpWithDepthwiseConv');
      return z.add(depthwiseMlp(mlp, block.run(z, 'norm2'), size));
    },
    image.flatten(1, 2),
  );
  return toImage(m.run(result, 'norm'), ...size);
});

function depthwiseMlp(m: Scope, x: Expression, size: Size): Expression {
  const image = toImage(m.run(x, 'fc1'), ...size);
  return m.run(toRows(m.run(image, 'relu dwconv')), 'act fc2');
}

/** Alternating attention in windows and over a smaller image. */
function twinsAttention(m: Scope, x: Expression, size: Size): Expression {
  if (m.module.className === 'timm.models.twins.GlobalSubSampleAttn')
    return reducedAttention(m, x, size);
  m.require(
    m.module.className === 'timm.models.twins.LocallyGroupedAttn',
    'its block does not know it',
  );
  const window: Size = [m.int('ws'), m.int('ws')];
  const mixed = inWindows(x.reshape(0, ...size, x.size(2)), window, (windows) => {
    const [q, k, v] = queryKeyValue(m.run(windows, 'qkv'), m.int('num_heads'));
    return joinHeads(scaledAttention(m, q, k, v));
  });
  return m.run(mixed.flatten(1, 2), 'proj');
}

function twinsPositions(m: Scope, x: Expression, size: Size): Expression {
  const image = toImage(x, ...size);
  const y = m.run(image, 'proj');
  return toRows(m.int('stride') === 1 ? y.add(image) : y);
}

function twinsFeatures(m: Scope, x: Expression): Expression {
  const [embeds, positions] = [m.list('patch_embeds'), m.list('pos_block')];
  let image = x;
  let rows = x;
  for (const [i, stage] of m.list('blocks').entries()) {
    const embed = m.enter(embeds[i]!, 'timm.models.twins.PatchEmbed');
    const patches = embed.run(image, 'proj');
    const size: Size = [patches.size(2), patches.size(3)];
    rows = embed.run(toRows(patches), 'norm');
    for (const [j, child] of [...stage.children.values()].entries()) {
      const block = m.enter(child!, 'timm.models.twins.Block');
      rows = rows.add(twinsAttention(block.inner('attn'), block.run(rows, 'norm1'), size));
      rows = plus(block, rows, 'norm2 mlp');
      if (j === 0)
        rows = twinsPositions(m.enter(positions[i]!, 'timm.models.twins.PosConv'), rows, size);
    }
    image = toImage(rows, ...size);
  }
  return m.run(rows, 'norm');
}

/**
 * Nested transformers: attention within blocks of an image [batch, blocks, positions, channels].
 */
const nestAttention = forward((m, x) => {
  const [blocks, positions, channels] = [x.size(1), x.size(2), x.size(3)];
  const count = m.int('num_heads');
  const split = m
    .run(x, 'qkv')
    .reshape(0, blocks, positions, 3, count, channels / count)
    .permute(3, 0, 4, 1, 2, 5);
  const [q, k, v] = split.unstack(3);
  const mixed = scaledAttention(m, q, k, v);
  // The published model has the heads as the last dimension.
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

/** Visformer: attention over images. */
const visformerAttention = forward((m, x) => {
  const [height, width] = [x.size(2), x.size(3)];
  const [count, size] = [m.int('num_heads'), m.int('head_dim')];
  const split = m
    .run(x, 'qkv')
    .reshape(0, 3, count, size, height * width)
    .permute(1, 0, 2, 4, 3);
  const [q, k, v] = split.unstack(3);
  return m.run(headsToImage(scaledAttention(m, q, k, v), height, width), 'proj');
});

const visformerBlock = forward((m, x) => {
  const y = m.has('attn') ? plus(m, x, 'norm1 attn') : x;
  return plus(m, y, 'norm2 mlp');
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

/** Transformers whose images get smaller in each stage. */
export const pyramids: LoweringFamily = {
  lowerings: {
    'timm.models.pvt_v2': {
      PyramidVisionTransformerV2: model('patch_embed stages', meanHead(2, 3)),
      OverlapPatchEmbed: forward((m, x) => m.run(m.run(x, 'proj').channelsLast(), 'norm')),
      PyramidVisionTransformerStage: pvtStage,
    },
    'timm.models.twins': {
      Twins: model(twinsFeatures, meanHead(1)),
    },
    'timm.models.nest': {
      Nest: model((m, x) => lastNorm(m, m.run(x, 'patch_embed levels')), 'global_pool head'),
      Attention: nestAttention,
      TransformerLayer: preNormBlock,
      ConvPool: forward((m, x) => m.run(lastNorm(m, m.run(x, 'conv')), 'pool')),
      NestLevel: nestLevel,
    },
    'timm.models.visformer': {
      Visformer: model(visformerFeatures, 'global_pool head'),
      SpatialMlp: chained('conv1 act1 conv2? act2? conv3'),
      Attention: visformerAttention,
      Block: visformerBlock,
    },
  },
};
