import type { Expression } from '../expression.js';
import { forward, plus } from '../forward.js';
import { joinHeads, queryKeyValue, scaledAttention, toImage, toRows } from '../heads.js';
import type { LoweringFamily } from '../lowering.js';
import type { Scope } from '../scope.js';
import type { Size } from '../windows.js';
import { model, tokenOrMean } from './model.js';
import { separateBias } from './relative-position.js';
import { upsampled } from './upsample.js';
import { behindToken } from './vision-transformer.js';

/**
 * Each head's positions as an image, pooled, and as positions again; a first token is left out.
 */
function pooledHeads(
  m: Scope,
  x: Expression,
  name: string,
  [height, width]: Size,
): [pooled: Expression, size: Size] {
  const norm = `norm_${name}?`;
  if (!m.has(`pool_${name}`)) return [m.run(x, norm), [height, width]];
  const token = m.bool('has_cls_token');
  const [count, channels] = [x.size(1), x.size(3)];
  const patches = token ? x.slice(2, 1) : x;
  const image = patches.reshape(-1, height, width, channels).channelsFirst();
  const pooled = m.run(image, `pool_${name}`);
  const size: Size = [pooled.size(2), pooled.size(3)];
  const back = pooled.reshape(-1, count, channels, size[0] * size[1]).transpose(2, 3);
  return [m.run(token ? x.slice(2, 0, 1).concat(2, back) : back, norm), size];
}

/**
 * The term that each query adds to the scores for its distance to each key, by height and by width.
 */
function spatialBias(m: Scope, q: Expression, from: Size, to: Size): Expression {
  const prefix = m.bool('has_cls_token') ? 1 : 0;
  const [count, channels] = [q.size(1), q.size(3)];
  const queries = (prefix ? q.slice(2, prefix) : q).reshape(-1, count, ...from, channels);
  const vectors = (name: string, axis: 0 | 1): Expression => {
    const index = distances(from[axis], to[axis]);
    return m.requiredWeight(name).gather(0, m.indices(index, [from[axis], to[axis]]));
  };
  const bias = separateBias(queries, vectors('rel_pos_h', 0), vectors('rel_pos_w', 1));
  return bias.pad({ 2: [prefix, 0], 3: [prefix, 0] });
}

/** The entry for each pair of rows; queries and keys may have different density. */
export function distances(queries: number, keys: number): number[] {
  const [queryRatio, keyRatio] = [Math.max(keys / queries, 1), Math.max(queries / keys, 1)];
  return Array.from({ length: queries * keys }, (_, i) => {
    const [query, key] = [Math.floor(i / keys), i % keys];
    return Math.trunc(query * queryRatio - key * keyRatio + (keys - 1) * keyRatio);
  });
}

function poolingAttention(m: Scope, x: Expression, size: Size): [result: Expression, size: Size] {
  const parts = queryKeyValue(m.run(x, 'qkv'), m.int('num_heads'));
  const [q, querySize] = pooledHeads(m, parts[0], 'q', size);
  const [k, keySize] = pooledHeads(m, parts[1], 'k', size);
  const [v] = pooledHeads(m, parts[2], 'v', size);
  const kind = m.string('rel_pos_type');
  m.require(kind === 'spatial' || kind === '', `its positions are "${kind}"`);
  const bias = kind === 'spatial' ? spatialBias(m, q, querySize, keySize) : undefined;
  const mixed = scaledAttention(m, q, k, v, bias);
  const result = joinHeads(m.bool('residual_pooling') ? mixed.add(q) : mixed);
  return [m.run(result, 'proj'), querySize];
}

function poolingBlock(m: Scope, x: Expression, size: Size): [Expression, Size] {
  const normal = m.run(x, 'norm1');
  const shortcut = m.has('shortcut_proj_attn') ? m.run(normal, 'shortcut_proj_attn') : x;
  const inner = m.inner('attn', 'timm.models.mvitv2.MultiScaleAttention');
  const [attended, next] = poolingAttention(inner, normal, size);
  const y = pooledShortcut(m, shortcut, size).add(attended);
  const other = m.run(y, 'norm2');
  const kept = m.has('shortcut_proj_mlp') ? m.run(other, 'shortcut_proj_mlp') : y;
  return [kept.add(m.run(other, 'mlp')), next];
}

function pooledShortcut(m: Scope, x: Expression, size: Size): Expression {
  if (!m.has('shortcut_pool_attn')) return x;
  const token = m.bool('has_cls_token');
  const image = toImage(token ? x.slice(1, 1) : x, ...size);
  const rows = toRows(m.run(image, 'shortcut_pool_attn'));
  return token ? x.slice(1, 0, 1).concat(1, rows) : rows;
}

function mvitFeatures(m: Scope, x: Expression): Expression {
  const image = m.inner('patch_embed', 'timm.models.mvitv2.PatchEmbed').run(x, 'proj');
  let size: Size = [image.size(2), image.size(3)];
  const all = behindToken(m, toRows(image), 'cls_token');
  const positions = m.weight('pos_embed');
  let y = positions ? all.add(positions) : all;
  for (const stage of m.list('stages')) {
    const blocks = m.enter(stage, 'timm.models.mvitv2.MultiScaleVitStage').list('blocks');
    for (const child of blocks) {
      [y, size] = poolingBlock(m.enter(child, 'timm.models.mvitv2.MultiScaleBlock'), y, size);
    }
  }
  return m.run(y, 'norm');
}

/** Hiera: the positions of a unit are adjacent, and pooling takes their maximum. */
const unitAttention = forward((m, x) => {
  const [count, size, stride] = [m.int('heads'), m.int('head_dim'), m.int('q_stride')];
  const positions = x.size(1);
  const units = m.bool('use_mask_unit_attn')
    ? positions / (stride * m.int('window_size'))
    : undefined;
  const qkv = m.run(x, 'qkv');
  const split =
    units === undefined
      ? qkv.reshape(0, positions, 3, count, size).permute(2, 0, 3, 1, 4)
      : qkv.reshape(0, positions / units, units, 3, count, size).permute(3, 0, 4, 2, 1, 5);
  const [whole, k, v] = split.unstack(3);
  const q = stride > 1 ? strongest(whole, stride) : whole;
  const mixed = scaledAttention(m, q, k, v);
  const width = m.int('dim_out');
  const joined = mixed.transpose(1, units === undefined ? 2 : 3);
  return m.run(joined.reshape(0, -1, width), 'proj');
});

/** The maximum over the first factor of the positions, which are the last dimension but one. */
function strongest(x: Expression, stride: number): Expression {
  const rank = x.rank;
  const lead = Array.from({ length: rank - 2 }, (_, i) => (i === 0 ? 0 : x.size(i)));
  return x.reshape(...lead, stride, x.size(-2) / stride, x.size(-1)).max([rank - 2]);
}

const hieraBlock = forward((m, x) => {
  const normal = m.run(x, 'norm1');
  const y = m.bool('do_expand') ? expanded(m, x, normal) : x;
  const attended = y.add(m.run(normal, 'attn ls1'));
  return plus(m, attended, 'norm2 mlp ls2');
});

function expanded(m: Scope, x: Expression, normal: Expression): Expression {
  const stride = m.inner('attn').int('q_stride');
  const grouped = (y: Expression): Expression =>
    y.reshape(0, stride, y.size(1) / stride, y.size(2));
  if (m.has('proj')) return grouped(m.run(normal, 'proj')).max([1]);
  const groups = grouped(x);
  return groups.max([1]).concat(2, groups.mean([1]));
}

/** Positions of an image, reordered so that positions that later stages join are adjacent. */
function unrolled(m: Scope, x: Expression): Expression {
  const size = m.ints('size');
  const schedule = m.attr('schedule');
  m.requireSize(
    size.length === 2 && x.size(1) === size[0]! * size[1]! && Array.isArray(schedule),
    'its images must have the size that the model was made for',
  );
  const channels = x.size(2);
  let [height, width] = size as Size;
  let y = x.reshape(-1, height, width, channels);
  for (const strides of schedule as unknown[]) {
    const [down, right] = (strides as unknown[]).map(Number) as Size;
    [height, width] = [height / down, width / right];
    y = y
      .reshape(-1, height, down, width, right, channels)
      .permute(0, 2, 4, 1, 3, 5)
      .reshape(-1, height, width, channels);
  }
  return y.reshape(-1, x.size(1), channels);
}

function hieraPositions(m: Scope): Expression {
  if (!m.ctx.tensor(m.module, 'pos_embed_win')) {
    m.require(m.weight('pos_embed') !== undefined, 'its positions are those of a video');
    return m.requiredWeight('pos_embed');
  }
  const [rows, columns] = m.ints('mask_spatial_shape') as Size;
  const window = m.tensor('pos_embed_win');
  const [, channels, height, width] = window.shape as [number, number, number, number];
  const [h, w] = [rows * height, columns * width];
  const global = m.tensor('pos_embed');
  const [, , fromHeight, fromWidth] = global.shape as [number, number, number, number];
  const large = upsampled(global.toFloat32(), channels, [fromHeight, fromWidth], [h, w]);
  const local = window.toFloat32();
  const data = new Float32Array(h * w * channels);
  for (let c = 0; c < channels; c++) {
    for (let i = 0; i < h * w; i++) {
      const [y, x] = [Math.floor(i / w) % height, (i % w) % width];
      data[i * channels + c] = large[c * h * w + i]! + local[(c * height + y) * width + x]!;
    }
  }
  return m.constant(data, [1, h * w, channels]);
}

function hieraFeatures(m: Scope, x: Expression): Expression {
  const patches = m.run(x, 'patch_embed').add(hieraPositions(m));
  return m.each(unrolled(m.inner('unroll'), patches), 'blocks');
}

/** MViT v2 and Hiera: attention with fewer queries or keys in each stage. */
export const multiscales: LoweringFamily = {
  lowerings: {
    'timm.models.mvitv2': {
      MultiScaleVit: model(mvitFeatures, (m, x) => m.run(tokenOrMean(m, x), 'head')),
    },
    'timm.models.hiera': {
      Hiera: model(hieraFeatures, 'head'),
      MaskUnitAttention: unitAttention,
      HieraBlock: hieraBlock,
      PatchEmbed: forward((m, x) => {
        const image = m.run(x, 'proj');
        return m.bool('reshape') ? toRows(image) : image;
      }),
    },
  },
};
