import type { Expression, Quad } from '../expression.js';
import { forward, forwardMany, plus, residuals } from '../forward.js';
import { attention, heads, joinHeads, queryKeyValue } from '../heads.js';
import type { LoweringFamily } from '../lowering.js';
import type { Scope } from '../scope.js';
import { padTo, relativeBias, tableBias } from '../windows.js';
import { model } from './model.js';

/** What an attention does behind its heads: a norm, and a gate that the input opens. */
export function project(m: Scope, mixed: Expression, x: Expression): Expression {
  const normal = m.run(mixed, 'norm?');
  const open = m.has('gate') ? normal.mul(m.run(x, 'gate').sigmoid()) : normal;
  return m.run(open, 'proj');
}

const selfAttention = forward((m, x) => {
  const [q, k, v] = queryKeyValue(m.run(x, 'qkv'), m.int('num_heads'));
  const options = { scale: m.number('scale') };
  const mixed = attention(m.run(q, 'q_norm?'), m.run(k, 'k_norm?'), v, options);
  return project(m, joinHeads(mixed), x);
});

const block = residuals('norm1 attn ls1?', 'norm2 mlp ls2?');

const postNormBlock = residuals('attn norm1', 'mlp norm2');

/** Attention and layers over one norm, from one projection. */
const parallelScaling = forward((m, x) => {
  const sizes = m.ints('in_split');
  const parts = m.run(x, 'in_norm in_proj').split(2, sizes);
  const [hidden, q, k, v] = parts as Quad;
  const bias = m.weight('mlp_bias');
  const count = m.int('num_heads');
  const mixed = attention(
    m.run(heads(q, count), 'q_norm'),
    m.run(heads(k, count), 'k_norm'),
    heads(v, count),
    { scale: m.number('scale') },
  );
  const active = m.run(bias ? hidden.add(bias) : hidden, 'mlp_act');
  const joined = m.has('out_proj')
    ? m.run(joinHeads(mixed).concat(2, active), 'out_proj')
    : m.run(joinHeads(mixed), 'attn_out_proj').add(m.run(active, 'mlp_out_proj'));
  return x.add(m.run(joined, 'ls?'));
});

/** Several attentions side by side, then several layers. */
const parallelThings = forward((m, x) => {
  const sum = (y: Expression, name: string): Expression =>
    m.list(name).reduce((total, child) => total.add(m.call(child, y)), y);
  return sum(sum(x, 'attns'), 'ffns');
});

/** Patches one after the other, or as an image with the channels last or first. */
const patchEmbed = forward((m, x) => {
  checkSize(m, x);
  const whole = m.bool('dynamic_img_pad', false) ? padTo(x, m.pair('patch_size'), [2, 3]) : x;
  const patches = m.run(whole, 'proj');
  if (m.bool('flatten', true)) return m.run(patches.flatten(2).permute(0, 2, 1), 'norm?');
  const format = m.enumeration('output_fmt', 'NCHW');
  if (format === 'NHWC') return m.run(patches.channelsLast(), 'norm?');
  if (format === 'NLC') return m.run(patches.flatten(2).permute(0, 2, 1), 'norm?');
  m.require(format === 'NCHW', `it gives its patches as ${format}`);
  return m.run(patches, 'norm?');
});

/** Positions belong to one grid of patches; most models take no other. */
function checkSize(m: Scope, x: Expression): void {
  const size = m.attr('img_size');
  if (!Array.isArray(size) || !m.bool('strict_img_size', true)) return;
  m.require(
    x.size(2) === Number(size[0]) && x.size(3) === Number(size[1]),
    `its images have to be ${size.join(' x ')}; end the learner's item transforms with Resize to that size`,
  );
}

/** Patches in a row, and that there are as many as positions were learned for. */
export function patchRow(m: Scope, x: Expression): Expression {
  const patches = m.run(x, 'patch_embed');
  const row = patches.rank === 4 ? patches.flatten(1, 2) : patches;
  const grid = m.inner('patch_embed').attr('grid_size');
  const known = Array.isArray(grid) ? Number(grid[0]) * Number(grid[1]) : undefined;
  const sameGrid =
    patches.rank !== 4 ||
    !Array.isArray(grid) ||
    (patches.size(1) === Number(grid[0]) && patches.size(2) === Number(grid[1]));
  m.require(
    sameGrid && (known === undefined || row.size(1) === known),
    `its images have to give ${Array.isArray(grid) ? grid.join(' x ') : 'as many'} patches; end the learner's item transforms with Resize to that size`,
  );
  return row;
}

/** Tokens in front of the patches, and positions added to all or to the patches alone. */
export function withTokens(m: Scope, row: Expression, tokens: readonly string[]): Expression {
  const positions = m.weight('pos_embed');
  const apart = m.bool('no_embed_class', false);
  const placed = positions && apart ? row.add(positions) : row;
  const all = [...tokens].reverse().reduce((x, name) => {
    const token = m.weight(name);
    return token ? token.expandTo(x).concat(1, x) : x;
  }, placed);
  return positions && !apart ? all.add(positions) : all;
}

function features(m: Scope, x: Expression): Expression {
  const placed = withTokens(m, patchRow(m, x), ['cls_token', 'reg_token']);
  return m.run(placed, 'norm_pre? blocks norm');
}

/** What the head is given: the first token, or a summary of all patches. */
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
  m.run(pooled(m, x), 'fc_norm? pre_logits? head');

/** DeiT with a second token, and a second head for it. */
const distilled = model(
  (m, x) =>
    m.run(withTokens(m, patchRow(m, x), ['cls_token', 'dist_token']), 'norm_pre? blocks norm'),
  (m, x) =>
    m
      .run(x.select(1, 0), 'head')
      .add(m.run(x.select(1, 1), 'head_dist'))
      .mul(0.5),
);

/** A learned query over all patches. */
const latentPool = forward((m, x) => {
  const positions = m.weight('pos_embed');
  const placed = positions ? x.add(positions) : x;
  const count = m.int('num_heads');
  const q = heads(m.run(m.requiredWeight('latent').expandTo(x), 'q'), count);
  const [k, v] = m.run(placed, 'kv').chunk(2, 2);
  const mixed = attention(m.run(q, 'q_norm?'), m.run(heads(k, count), 'k_norm?'), heads(v, count), {
    scale: m.number('scale'),
  });
  const y = m.run(joinHeads(mixed), 'proj');
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
  const mixed = attention(rows, rows, rows, { scale: m.number('scale') });
  return pickToken(m, m.run(joinHeads(mixed), 'post_norm'));
});

/** BEiT: positions are relative, and queries and values have biases of their own. */
const beitAttention = forwardMany((m, [x, shared]) => {
  const [q, k, v] = queryKeyValue(biasedQkv(m, x!), m.int('num_heads'));
  const own = m.weight('relative_position_bias_table');
  const bias = own && relativeBias(own, m.requiredWeight('relative_position_index'), x!.size(1));
  const both = bias && shared ? bias.add(shared) : (bias ?? shared);
  const options = { scale: m.number('scale'), ...(both && { bias: both }) };
  return project(m, joinHeads(attention(q, k, v, options)), x!);
});

/** One layer for queries, keys and values, whose biases may be kept apart. */
export function biasedQkv(m: Scope, x: Expression): Expression {
  const query = m.weight('q_bias');
  if (!query) return m.run(x, 'qkv');
  const bias = query.concat(0, m.requiredWeight('k_bias'), m.requiredWeight('v_bias'));
  const layer = m.inner('qkv');
  const own = layer.weight('bias');
  return m.linear(x, layer.requiredWeight('weight'), own ? own.add(bias) : bias);
}

/** x + children(x), times a weight of the block where it has one. */
export function plusScaled(m: Scope, x: Expression, result: Expression, gamma: string): Expression {
  const scale = m.weight(gamma);
  return x.add(scale ? result.mul(scale) : result);
}

const beitBlock = forwardMany((m, [x, shared]) => {
  const normal = m.run(x!, 'norm1');
  const attended = shared ? m.callChild('attn', normal, shared) : m.run(normal, 'attn');
  const y = plusScaled(m, x!, attended, 'gamma_1');
  return plusScaled(m, y, m.run(y, 'norm2 mlp'), 'gamma_2');
});

function beitFeatures(m: Scope, x: Expression): Expression {
  const placed = withTokens(m, patchRow(m, x), ['cls_token']);
  const bias = m.has('rel_pos_bias')
    ? tableBias(m.inner('rel_pos_bias'), placed.size(1))
    : undefined;
  const result = m
    .list('blocks')
    .reduce((y, child) => (bias ? m.call(child, y, bias) : m.call(child, y)), placed);
  return m.run(result, 'norm');
}

/** ViT, DeiT and BEiT. */
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
    'timm.layers.attention': { Attention: selfAttention },
    'timm.layers.patch_embed': { PatchEmbed: patchEmbed },
    'timm.layers.attention_pool': {
      AttentionPoolLatent: latentPool,
      AttentionPoolPrr: repeatedPool,
    },
  },
};
