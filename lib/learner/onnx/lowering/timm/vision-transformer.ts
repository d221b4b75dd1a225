import type { Expression, Quad } from '../expression.js';
import { forward, forwardMany, plus, residuals } from '../forward.js';
import { attendHeads, heads, joinHeads, queryKeyValue, scaledAttention, toRows } from '../heads.js';
import type { LoweringFamily } from '../lowering.js';
import type { Scope } from '../scope.js';
import { padTo, relativeBias, tableBias } from '../windows.js';
import { model, tokenOrMean } from './model.js';
import { childBias } from './relative-position.js';

/** The steps of an attention after its heads: a norm, and a gate that depends on the input. */
export function project(m: Scope, mixed: Expression, x: Expression): Expression {
  const normal = m.run(mixed, 'norm?');
  const open = m.has('gate') ? normal.mul(m.run(x, 'gate').sigmoid()) : normal;
  return m.run(open, 'proj');
}

const selfAttention = forward((m, x) => {
  const [q, k, v] = queryKeyValue(m.run(x, 'qkv'), m.int('num_heads'));
  const mixed = scaledAttention(m, m.run(q, 'q_norm?'), m.run(k, 'k_norm?'), v);
  return project(m, joinHeads(mixed), x);
});

const block = residuals('norm1 attn ls1?', 'norm2 mlp ls2?');

const postNormBlock = residuals('attn norm1', 'mlp norm2');

/** Attention and layers over one norm, from one projection. */
const parallelScaling = forward((m, x) => {
  const [hidden, q, k, v] = m.run(x, 'in_norm in_proj').split(2, m.ints('in_split')) as Quad;
  const bias = m.weight('mlp_bias');
  const count = m.int('num_heads');
  const mixed = scaledAttention(
    m,
    m.run(heads(q, count), 'q_norm'),
    m.run(heads(k, count), 'k_norm'),
    heads(v, count),
  );
  const active = m.run(bias ? hidden.add(bias) : hidden, 'mlp_act');
  const joined = m.has('out_proj')
    ? m.run(joinHeads(mixed).concat(2, active), 'out_proj')
    : m.run(joinHeads(mixed), 'attn_out_proj').add(m.run(active, 'mlp_out_proj'));
  return x.add(m.run(joined, 'ls?'));
});

/** Several parallel attentions, then several parallel layers. */
const parallelThings = forward((m, x) => {
  const sum = (y: Expression, name: string): Expression =>
    m.list(name).reduce((total, child) => total.add(m.call(child, y)), y);
  return sum(sum(x, 'attns'), 'ffns');
});

/** Patches as a sequence, or as an image with the channels last or first. */
const patchEmbed = forward((m, x) => {
  checkSize(m, x);
  const whole = m.bool('dynamic_img_pad', false) ? padTo(x, m.pair('patch_size'), [2, 3]) : x;
  const patches = m.run(whole, 'proj');
  const format = m.bool('flatten', true) ? 'NLC' : m.enumeration('output_fmt', 'NCHW');
  if (format === 'NLC') return m.run(toRows(patches), 'norm?');
  if (format === 'NHWC') return m.run(patches.channelsLast(), 'norm?');
  m.require(format === 'NCHW', `it gives its patches as ${format}`);
  return m.run(patches, 'norm?');
});

/** Positions belong to one grid of patches; most models require that grid. */
function checkSize(m: Scope, x: Expression): void {
  const size = m.attr('img_size');
  if (!Array.isArray(size) || !m.bool('strict_img_size', true)) return;
  m.requireSize(
    x.size(2) === Number(size[0]) && x.size(3) === Number(size[1]),
    `its images must be ${size.join(' x ')}`,
  );
}

/** Patches as a sequence; checks that their number equals that of the learned positions. */
export function patchRow(m: Scope, x: Expression): Expression {
  const patches = m.run(x, 'patch_embed');
  const row = patches.rank === 4 ? patches.flatten(1, 2) : patches;
  const grid = m.inner('patch_embed').attr('grid_size');
  const known = Array.isArray(grid) ? Number(grid[0]) * Number(grid[1]) : undefined;
  const sameGrid =
    patches.rank !== 4 ||
    !Array.isArray(grid) ||
    (patches.size(1) === Number(grid[0]) && patches.size(2) === Number(grid[1]));
  m.requireSize(
    sameGrid && (known === undefined || row.size(1) === known),
    `its images must give ${Array.isArray(grid) ? grid.join(' x ') : 'as many'} patches`,
  );
  return row;
}

/** Rows after a token, if the module has one. */
export function behindToken(m: Scope, rows: Expression, name: string): Expression {
  const token = m.weight(name);
  return token ? token.expandTo(rows).concat(1, rows) : rows;
}

/** Tokens before the patches, and positions added to all or only to the patches. */
export function withTokens(m: Scope, row: Expression, tokens: readonly string[]): Expression {
  const positions = m.weight('pos_embed');
  const apart = m.bool('no_embed_class', false);
  const placed = positions && apart ? row.add(positions) : row;
  const all = tokens.toReversed().reduce((x, name) => behindToken(m, x, name), placed);
  return positions && !apart ? all.add(positions) : all;
}

/** Before timm 0.5, it was also the distilled DeiT. */
function features(m: Scope, x: Expression): Expression {
  const placed = withTokens(m, patchRow(m, x), ['cls_token', 'dist_token', 'reg_token']);
  return m.run(placed, 'norm_pre? blocks norm');
}

/** The input of the head: the first token, or a summary of all patches. */
export function pooled(m: Scope, x: Expression): Expression {
  const prefix = m.int('num_prefix_tokens', 1);
  const patches = (): Expression =>
    m.bool('pool_include_prefix', false) || prefix === 0 ? x : x.slice(1, prefix);
  if (m.has('attn_pool')) return m.run(patches(), 'attn_pool');
  const kind = m.attr('global_pool') ?? 'token';
  if (kind === 'token') return x.select(1, 0);
  if (kind === 'avg') return patches().mean([1]);
  if (kind === 'max') return patches().max([1]);
  if (kind === 'avgmax')
    return patches()
      .mean([1])
      .add(patches().max([1]))
      .mul(0.5);
  throw m.refusal(`it pools by "${String(kind)}"`);
}

const head = (m: Scope, x: Expression): Expression =>
  m.has('head_dist') ? bothHeads(m, x) : m.run(pooled(m, x), 'fc_norm? pre_logits? head');

const bothHeads = (m: Scope, x: Expression): Expression =>
  m
    .run(x.select(1, 0), 'head')
    .add(m.run(x.select(1, 1), 'head_dist'))
    .mul(0.5);

/** DeiT with a second token, and a second head for it. */
const distilled = model(
  (m, x) =>
    m.run(withTokens(m, patchRow(m, x), ['cls_token', 'dist_token']), 'norm_pre? blocks norm'),
  bothHeads,
);

/** A learned query over all patches. */
const latentPool = forward((m, x) => {
  const positions = m.weight('pos_embed');
  const placed = positions ? x.add(positions) : x;
  const count = m.int('num_heads');
  const q = heads(m.run(m.requiredWeight('latent').expandTo(x), 'q'), count);
  const [k, v] = m.run(placed, 'kv').chunk(2, 2);
  const keys = m.run(heads(k, count), 'k_norm?');
  const y = attendHeads(m, m.run(q, 'q_norm?'), keys, heads(v, count));
  return pickToken(m, m.has('mlp') ? plus(m, y, 'norm mlp') : y);
});

function pickToken(m: Scope, x: Expression): Expression {
  const kind = m.string('pool');
  if (kind === 'token') return x.select(1, 0);
  if (kind === 'avg') return x.mean([1]);
  m.require(kind === '', `it pools by "${kind}"`);
  return x;
}

const repeatedPool = forward((m, x) => {
  const rows = heads(m.run(x, 'pre_norm'), m.int('num_heads'));
  return pickToken(m, m.run(joinHeads(scaledAttention(m, rows, rows, rows)), 'post_norm'));
});

/** BEiT: positions are relative, and queries and values have separate biases. */
const beitAttention = forwardMany((m, [x, shared]) => {
  const [q, k, v] = queryKeyValue(biasedQkv(m, x!), m.int('num_heads'));
  const own = m.weight('relative_position_bias_table');
  const bias = own && relativeBias(own, m.requiredWeight('relative_position_index'), x!.size(1));
  const both = bias && shared ? bias.add(shared) : (bias ?? shared);
  return project(m, joinHeads(scaledAttention(m, q, k, v, both)), x!);
});

/** One layer for queries, keys and values, whose biases may be separate. */
export function biasedQkv(m: Scope, x: Expression): Expression {
  const query = m.weight('q_bias');
  if (!query) return m.run(x, 'qkv');
  const bias = query.concat(0, m.requiredWeight('k_bias'), m.requiredWeight('v_bias'));
  const layer = m.inner('qkv');
  const own = layer.weight('bias');
  return m.linear(x, layer.requiredWeight('weight'), own ? own.add(bias) : bias);
}

/** x times a weight of the block, if it has one. */
export function scaledBy(m: Scope, x: Expression, gamma: string): Expression {
  const scale = m.weight(gamma);
  return scale ? x.mul(scale) : x;
}

export const plusScaled = (
  m: Scope,
  x: Expression,
  result: Expression,
  gamma: string,
): Expression => x.add(scaledBy(m, result, gamma));

const beitBlock = forwardMany((m, [x, shared]) => {
  const attended = m.callChild('attn', m.run(x!, 'norm1'), shared);
  const y = plusScaled(m, x!, attended, 'gamma_1');
  return plusScaled(m, y, m.run(y, 'norm2 mlp'), 'gamma_2');
});

function beitFeatures(m: Scope, x: Expression): Expression {
  const placed = withTokens(m, patchRow(m, x), ['cls_token']);
  const bias = m.has('rel_pos_bias')
    ? tableBias(m.inner('rel_pos_bias'), placed.size(1))
    : undefined;
  return m.run(m.each(placed, 'blocks', bias), 'norm');
}

/** ViT with relative positions, which blocks may share. */
const relativeAttention = forwardMany((m, [x, shared]) => {
  const [q, k, v] = queryKeyValue(m.run(x!, 'qkv'), m.int('num_heads'));
  const bias = childBias(m, 'rel_pos') ?? shared;
  return attendHeads(m, m.run(q, 'q_norm?'), m.run(k, 'k_norm?'), v, bias);
});

function relativeBlock(postNorm: boolean) {
  return forwardMany((m, [x, shared]) => {
    if (postNorm) {
      const y = x!.add(m.run(m.callChild('attn', x!, shared), 'norm1'));
      return plus(m, y, 'mlp norm2');
    }
    const y = x!.add(m.run(m.callChild('attn', m.run(x!, 'norm1'), shared), 'ls1'));
    return plus(m, y, 'norm2 mlp ls2');
  });
}

function relativeFeatures(m: Scope, x: Expression): Expression {
  const patches = m.run(x, 'patch_embed');
  const row = behindToken(m, patches, 'cls_token');
  return m.run(m.each(row, 'blocks', childBias(m, 'shared_rel_pos')), 'norm');
}

/** ViT, DeiT, BEiT, and ViT with relative positions. */
export const visionTransformers: LoweringFamily = {
  lowerings: {
    'timm.models.vision_transformer': {
      VisionTransformer: model(features, head),
      VisionTransformerDistilled: distilled,
      Attention: selfAttention,
      Block: block,
      ResPostBlock: postNormBlock,
      ParallelScalingBlock: parallelScaling,
      'ParallelThingsBlock|ParallelBlock': parallelThings,
      PatchEmbed: patchEmbed,
    },
    'timm.models.deit': { VisionTransformerDistilled: distilled },
    'timm.models.beit': {
      Beit: model(beitFeatures, (m, x) => m.run(pooled(m, x), 'fc_norm? head')),
      Attention: beitAttention,
      Block: beitBlock,
    },
    'timm.models.vision_transformer_relpos': {
      VisionTransformerRelPos: model(relativeFeatures, (m, x) =>
        m.run(tokenOrMean(m, x), 'fc_norm head'),
      ),
      RelPosAttention: relativeAttention,
      RelPosBlock: relativeBlock(false),
      ResPostRelPosBlock: relativeBlock(true),
    },
    'timm.layers.attention': { Attention: selfAttention },
    'timm.layers.patch_embed': { PatchEmbed: patchEmbed },
    'timm.layers.attention_pool': {
      AttentionPoolLatent: latentPool,
      AttentionPoolPrr: repeatedPool,
    },
  },
};
