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
import { crossCovariance, positionRows } from './mobile-transformers.js';
import { model, modelNames, wholeModel, type TimmFamily } from './model.js';
import { tokenOrMean } from './pyramids.js';
import { patchRow, plusScaled } from './vision-transformer.js';

type Pair = readonly [height: number, width: number];

/** The first token asks, all answer. */
const firstAsks = forward((m, x) => {
  const count = m.int('num_heads');
  const q = heads(m.run(x.slice(1, 0, 1), 'q'), count);
  const [k, v] = [heads(m.run(x, 'k'), count), heads(m.run(x, 'v'), count)];
  return m.run(joinHeads(attention(q, k, v, { scale: m.number('scale') })), 'proj');
});

/** Heads talk to each other before and behind the softmax. */
const talkingHeads = forward((m, x) => {
  const [q, k, v] = queryKeyValue(m.run(x, 'qkv'), m.int('num_heads'));
  const overHeads = (scores: Expression, name: string): Expression =>
    m.run(scores.permute(0, 2, 3, 1), name).permute(0, 3, 1, 2);
  const scores = overHeads(q.mul(m.number('scale')).matmul(k.transpose(-2, -1)), 'proj_l');
  const weights = overHeads(scores.softmax(), 'proj_w');
  return m.run(joinHeads(weights.matmul(v)), 'proj');
});

const scaledBlock = forward((m, x) => {
  const y = plusScaled(m, x, m.run(x, 'norm1', 'attn'), 'gamma_1');
  return plusScaled(m, y, m.run(y, 'norm2', 'mlp'), 'gamma_2');
});

const classBlock = forwardMany((m, [x, token]) => {
  const all = token!.concat(1, x!);
  const y = plusScaled(m, token!, m.run(all, 'norm1', 'attn'), 'gamma_1');
  return plusScaled(m, y, m.run(y, 'norm2', 'mlp'), 'gamma_2');
});

function caitFeatures(m: Scope, x: Expression): Expression {
  const row = patchRow(m, x);
  const placed = m.run(row.add(m.requiredWeight('pos_embed')), 'blocks');
  const token = m
    .list('blocks_token_only')
    .reduce((t, child) => m.call(child, placed, t), m.requiredWeight('cls_token').expandTo(placed));
  return m.run(token.concat(1, placed), 'norm');
}

const tokenHead = (m: Scope, x: Expression): Expression => m.run(tokenOrMean(m, x), 'head');

const xcit = (...classes: readonly string[]): string[] => modelNames('xcit', ...classes);

/** XCiT: attention among channels, and convolutions among neighbours. */
function covarianceBlock(m: Scope, x: Expression, [height, width]: Pair): Expression {
  const attended = plusScaled(m, x, m.run(x, 'norm1', 'attn'), 'gamma1');
  const local = m.inner('local_mp', xcit('LPI'));
  const image = toImage(m.run(attended, 'norm3'), height, width);
  const mixed = toRows(local.run(image, 'conv1', 'act', 'bn', 'conv2'));
  const y = plusScaled(m, attended, mixed, 'gamma3');
  return plusScaled(m, y, m.run(y, 'norm2', 'mlp'), 'gamma2');
}

const covarianceClassBlock = forward((m, x) => {
  const normal = m.run(x, 'norm1');
  const attended = m.run(normal, 'attn').concat(1, normal.slice(1, 1));
  const y = plusScaled(m, x, attended, 'gamma1');
  const z = m.bool('tokens_norm')
    ? m.run(y, 'norm2')
    : m.run(y.slice(1, 0, 1), 'norm2').concat(1, y.slice(1, 1));
  const token = m.run(z.slice(1, 0, 1), 'mlp');
  const gamma = m.weight('gamma2');
  return z.add((gamma ? token.mul(gamma) : token).concat(1, z.slice(1, 1)));
});

function xcitFeatures(m: Scope, x: Expression): Expression {
  m.require(
    m.bool('use_pos_embed', m.has('pos_embed')) === m.has('pos_embed'),
    'it does not use the positions that it has',
  );
  const image = m.inner('patch_embed', xcit('ConvPatchEmbed')).run(x, 'proj');
  const size: Pair = [image.size(2), image.size(3)];
  const positions = positionRows(m, 'pos_embed', 'xcit', ...size);
  const row = toRows(image);
  const rows = m
    .list('blocks')
    .reduce(
      (y, child) => covarianceBlock(m.enter(child, xcit('XCABlock')), y, size),
      positions ? row.add(positions) : row,
    );
  if (m.list('cls_attn_blocks').length === 0) return m.run(rows, 'norm');
  const all = m.requiredWeight('cls_token').expandTo(rows).concat(1, rows);
  return m.run(m.each(all, 'cls_attn_blocks'), 'norm');
}

const pit = (...classes: readonly string[]): string[] => modelNames('pit', ...classes);

/** PiT: images shrink between transformers, and the tokens grow with them. */
function pitFeatures(m: Scope, x: Expression): Expression {
  const patches = m.run(x, 'patch_embed');
  let image = patches.add(m.requiredWeight('pos_embed'));
  let tokens = m.requiredWeight('cls_token').expandTo(image);
  for (const child of m.inner('transformers').module.children.values()) {
    const stage = m.enter(child!, pit('Transformer'));
    if (stage.has('pool')) {
      const pool = stage.inner('pool', pit('Pooling'));
      image = pool.run(image, 'conv');
      tokens = pool.run(tokens, 'fc');
    }
    const [height, width, count] = [image.size(2), image.size(3), tokens.size(1)];
    const rows = stage.run(tokens.concat(1, toRows(image)), 'norm', 'blocks');
    tokens = rows.slice(1, 0, count);
    image = toImage(rows.slice(1, count), height, width);
  }
  return m.run(tokens, 'norm');
}

function pitHead(m: Scope, x: Expression): Expression {
  m.expectAttrs({ global_pool: 'token' });
  const first = m.run(x.select(1, 0), 'head');
  return m.has('head_dist') ? first.add(m.run(x.select(1, 1), 'head_dist')).mul(0.5) : first;
}

const cross = (...classes: readonly string[]): string[] => modelNames('crossvit', ...classes);

/** CrossViT: two grids of patches, whose tokens look at each other's patches. */
const crossAttention = forward((m, x) => {
  const count = m.int('num_heads');
  const q = heads(m.run(x.slice(1, 0, 1), 'wq'), count);
  const [k, v] = [heads(m.run(x, 'wk'), count), heads(m.run(x, 'wv'), count)];
  return m.run(joinHeads(attention(q, k, v, { scale: m.number('scale') })), 'proj');
});

function crossBlock(m: Scope, xs: readonly Expression[]): Expression[] {
  const blocks = m.list('blocks');
  const outs = blocks.map((block, i) => m.call(block, xs[i]!));
  const [projections, fusions, back] = [m.list('projs'), m.list('fusion'), m.list('revert_projs')];
  const tokens = outs.map((out, i) => m.call(projections[i]!, out.slice(1, 0, 1)));
  return outs.map((out, i) => {
    const others = outs[(i + 1) % outs.length]!.slice(1, 1);
    const fused = m.call(fusions[i]!, tokens[i]!.concat(1, others));
    return m.call(back[i]!, fused.slice(1, 0, 1)).concat(1, out.slice(1, 1));
  });
}

function crossEmbed(m: Scope, x: Expression, i: number): Expression {
  const sizes = m.attr('img_size_scaled');
  const size = Array.isArray(sizes) && Array.isArray(sizes[i]) ? sizes[i].map(Number) : undefined;
  if (!size) throw m.refusal('it does not say which sizes its images get');
  const scaled = resized(m, x, size as [number, number]);
  const embed = m.enter(m.list('patch_embed')[i]!, cross('PatchEmbed'));
  const row = toRows(embed.run(scaled, 'proj'));
  const all = m.requiredWeight(`cls_token_${i}`).expandTo(row).concat(1, row);
  return all.add(m.requiredWeight(`pos_embed_${i}`));
}

function resized(m: Scope, x: Expression, [height, width]: [number, number]): Expression {
  const [h, w] = [x.size(2), x.size(3)];
  if (h === height && w === width) return x;
  if (!m.bool('crop_scale') || height > h || width > w) {
    return m.resize(x, [height, width], 'bicubic');
  }
  const [top, left] = [roundHalfEven((h - height) / 2), roundHalfEven((w - width) / 2)];
  return x.slice(2, top, top + height).slice(3, left, left + width);
}

/** As Python rounds. */
function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

function crossVit(m: Scope, x: Expression): Expression {
  const branches = m.list('patch_embed').length;
  let xs = Array.from({ length: branches }, (_, i) => crossEmbed(m, x, i));
  for (const child of m.list('blocks')) {
    xs = crossBlock(m.enter(child, cross('MultiScaleBlock')), xs);
  }
  const [norms, classifiers] = [m.list('norm'), m.list('head')];
  const kind = m.attr('global_pool');
  m.require(kind === 'avg' || kind === 'token', `it pools by "${String(kind)}"`);
  const summaries = xs.map((row, i) => {
    const y = m.call(norms[i]!, row);
    return kind === 'avg' ? y.slice(1, 1).mean([1]) : y.select(1, 0);
  });
  if (classifiers[0]?.className === 'torch.nn.modules.linear.Identity') {
    return summaries[0]!.concat(1, ...summaries.slice(1));
  }
  const [first, ...others] = summaries.map((summary, i) => m.call(classifiers[i]!, summary));
  return others.reduce((sum, logits) => sum.add(logits), first!).div(summaries.length);
}

const tnt = (...classes: readonly string[]): string[] => modelNames('tnt', ...classes);

/** TNT: a transformer over the pixels of each patch inside one over patches. */
const tntAttention = forward((m, x) => {
  const count = m.int('num_heads');
  const [q, k] = m
    .run(x, 'qk')
    .chunk(2, 2)
    .map((part) => heads(part, count)) as [Expression, Expression];
  const v = heads(m.run(x, 'v'), count);
  return m.run(joinHeads(attention(q, k, v, { scale: m.number('scale') })), 'proj');
});

function tntBlock(
  m: Scope,
  pixels: Expression,
  patches: Expression,
): [pixels: Expression, patches: Expression] {
  const inner = plus(m, plus(m, pixels, 'norm_in', 'attn_in'), 'norm_mlp_in', 'mlp_in');
  const count = patches.size(1) - 1;
  const flat = (x: Expression): Expression => x.reshape(-1, count, x.size(1) * x.size(2));
  const added = m.has('norm2_proj')
    ? m.run(flat(inner), 'norm1_proj', 'proj', 'norm2_proj')
    : m.run(flat(m.run(inner, 'norm1_proj')), 'proj');
  const joined = patches.slice(1, 0, 1).concat(1, patches.slice(1, 1).add(added));
  const outer = plus(m, plus(m, joined, 'norm_out', 'attn_out'), 'norm_mlp', 'mlp');
  return [inner, outer];
}

/** The pixels of each patch as rows: [batch * patches, pixels, channels]. */
function pixelRows(m: Scope, x: Expression, positions: Expression): Expression {
  const [height, width] = m.pair('patch_size');
  const [h, w] = m.pair('new_patch_size');
  const channels = m.int('in_dim');
  m.require(
    m.pair('img_size').every((size, i) => size === x.size(i + 2)),
    `its images have to be ${m.pair('img_size').join(' x ')}`,
  );
  const legacy = m.bool('legacy');
  const source = legacy ? m.run(x, 'proj') : x;
  const [patchHeight, patchWidth] = legacy ? [h, w] : [height, width];
  const patches = source
    .reshape(
      0,
      source.size(1),
      source.size(2) / patchHeight,
      patchHeight,
      source.size(3) / patchWidth,
      patchWidth,
    )
    .permute(0, 2, 4, 1, 3, 5)
    .reshape(-1, source.size(1), patchHeight, patchWidth);
  const pixels = (legacy ? patches : m.run(patches, 'proj')).add(positions);
  return pixels.reshape(0, channels, h * w).permute(0, 2, 1);
}

function tntFeatures(m: Scope, x: Expression): Expression {
  const embed = m.inner('pixel_embed', tnt('PixelEmbed'));
  let pixels = pixelRows(embed, x, m.requiredWeight('pixel_pos'));
  const flat = pixels.reshape(-1, m.int('num_patches'), pixels.size(1) * pixels.size(2));
  const row = m.run(flat, 'norm1_proj', 'proj', 'norm2_proj');
  let patches = m
    .requiredWeight('cls_token')
    .expandTo(row)
    .concat(1, row)
    .add(m.requiredWeight('patch_pos'));
  for (const child of m.list('blocks')) {
    [pixels, patches] = tntBlock(m.enter(child, tnt('Block')), pixels, patches);
  }
  return m.run(patches, 'norm');
}

/** ConViT: attention to near patches mixed with attention by content. */
const gatedPositions = forward((m, x) => {
  const count = m.int('num_heads');
  const positions = x.size(1);
  const [q, k] = m
    .run(x, 'qk')
    .chunk(2, 2)
    .map((part) => heads(part, count)) as [Expression, Expression];
  const v = heads(m.run(x, 'v'), count);
  const content = q.matmul(k.transpose(-2, -1)).mul(m.number('scale')).softmax();
  const place = m.run(distances(m, positions), 'pos_proj').permute(0, 3, 1, 2).softmax();
  const gate = m.requiredWeight('gating_param').reshape(1, -1, 1, 1).sigmoid();
  const weights = content.mul(gate.mul(-1).add(1)).add(place.mul(gate));
  const normal = weights.div(weights.sum([3], true));
  return m.run(joinHeads(normal.matmul(v)), 'proj');
});

/** Columns, rows and squared distance between each pair of patches. */
function distances(m: Scope, positions: number): Expression {
  const side = Math.floor(Math.sqrt(positions));
  m.require(side * side === positions, 'its grid of patches is no square');
  const data = new Float32Array(positions * positions * 3);
  for (let i = 0; i < positions; i++) {
    for (let j = 0; j < positions; j++) {
      const dx = (j % side) - (i % side);
      const dy = Math.floor(j / side) - Math.floor(i / side);
      data.set([dx, dy, dx * dx + dy * dy], (i * positions + j) * 3);
    }
  }
  return m.constant(data, [1, positions, positions, 3]);
}

const plainAttention = forward((m, x) => {
  const [q, k, v] = queryKeyValue(m.run(x, 'qkv'), m.int('num_heads'));
  return m.run(joinHeads(attention(q, k, v, { scale: m.number('scale') })), 'proj');
});

function convitFeatures(m: Scope, x: Expression): Expression {
  const patches = patchRow(m, x);
  const placed = m.bool('use_pos_embed') ? patches.add(m.requiredWeight('pos_embed')) : patches;
  const local = m.int('local_up_to_layer');
  const token = m.weight('cls_token');
  const result = m.list('blocks').reduce((y, child, i) => {
    const all = i === local && token ? token.expandTo(y).concat(1, y) : y;
    return m.call(child, all);
  }, placed);
  return m.run(result, 'norm');
}

const cait = (...classes: readonly string[]): string[] => modelNames('cait', ...classes);
const convit = (...classes: readonly string[]): string[] => modelNames('convit', ...classes);

/** Transformers whose tokens have layers of their own. @internal */
export const classAttentions: TimmFamily = {
  models: [
    model('cait', 'Cait', caitFeatures, tokenHead),
    model('xcit', 'Xcit', xcitFeatures, tokenHead),
    model('xcit', 'XCiT', xcitFeatures, tokenHead),
    model('pit', 'PoolingVisionTransformer', pitFeatures, pitHead),
    wholeModel('crossvit', 'CrossVit', crossVit),
    wholeModel('crossvit', 'CrossViT', crossVit),
    model('tnt', 'TNT', tntFeatures, tokenHead),
    model('convit', 'ConVit', convitFeatures, tokenHead),
  ],
  blocks: [
    [cait('ClassAttn'), firstAsks],
    [cait('TalkingHeadAttn'), talkingHeads],
    [cait('LayerScaleBlock'), scaledBlock],
    [cait('LayerScaleBlockClassAttn'), classBlock],
    [xcit('XCA'), crossCovariance],
    [xcit('ClassAttentionBlock'), covarianceClassBlock],
    [pit('ConvEmbedding'), chained('conv')],
    [cross('CrossAttention'), crossAttention],
    [
      cross('CrossAttentionBlock'),
      forward((m, x) => x.slice(1, 0, 1).add(m.run(x, 'norm1', 'attn'))),
    ],
    [tnt('Attention'), tntAttention],
    [convit('GPSA'), gatedPositions],
    [convit('MHSA'), plainAttention],
    [convit('Block'), forward((m, x) => plus(m, plus(m, x, 'norm1', 'attn'), 'norm2', 'mlp'))],
  ],
};
