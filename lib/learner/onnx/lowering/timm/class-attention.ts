import type { Expression } from '../expression.js';
import { chained, forward, forwardMany } from '../forward.js';
import { firstAsks, joinHeads, queryKeyValue, toImage, toRows } from '../heads.js';
import type { LoweringFamily } from '../lowering.js';
import type { Scope } from '../scope.js';
import type { Size } from '../windows.js';
import { crossCovariance, positionRows } from './mobile-transformers.js';
import { model, tokenHead } from './model.js';
import { patchRow, plusScaled, scaledBy } from './vision-transformer.js';

/** Heads exchange values before and after the softmax. */
const talkingHeads = forward((m, x) => {
  const [q, k, v] = queryKeyValue(m.run(x, 'qkv'), m.int('num_heads'));
  const overHeads = (scores: Expression, name: string): Expression =>
    m.run(scores.permute(0, 2, 3, 1), name).permute(0, 3, 1, 2);
  const scores = overHeads(q.mul(m.number('scale')).matmul(k.transpose(-2, -1)), 'proj_l');
  const weights = overHeads(scores.softmax(), 'proj_w');
  return m.run(joinHeads(weights.matmul(v)), 'proj');
});

const scaledBlock = forward((m, x) => {
  const y = plusScaled(m, x, m.run(x, 'norm1 attn'), 'gamma_1');
  return plusScaled(m, y, m.run(y, 'norm2 mlp'), 'gamma_2');
});

const classBlock = forwardMany((m, [x, token]) => {
  const all = token!.concat(1, x!);
  const y = plusScaled(m, token!, m.run(all, 'norm1 attn'), 'gamma_1');
  return plusScaled(m, y, m.run(y, 'norm2 mlp'), 'gamma_2');
});

function caitFeatures(m: Scope, x: Expression): Expression {
  const row = patchRow(m, x);
  const placed = m.run(row.add(m.requiredWeight('pos_embed')), 'blocks');
  const token = m
    .list('blocks_token_only')
    .reduce((t, child) => m.call(child, placed, t), m.requiredWeight('cls_token').expandTo(placed));
  return m.run(token.concat(1, placed), 'norm');
}

/** XCiT: attention among channels, and convolutions among neighbours. */
function covarianceBlock(m: Scope, x: Expression, [height, width]: Size): Expression {
  const attended = plusScaled(m, x, m.run(x, 'norm1 attn'), 'gamma1');
  const local = m.inner('local_mp', 'timm.models.xcit.LPI');
  const image = toImage(m.run(attended, 'norm3'), height, width);
  const mixed = toRows(local.run(image, 'conv1 act bn conv2'));
  const y = plusScaled(m, attended, mixed, 'gamma3');
  return plusScaled(m, y, m.run(y, 'norm2 mlp'), 'gamma2');
}

const covarianceClassBlock = forward((m, x) => {
  const normal = m.run(x, 'norm1');
  const attended = m.run(normal, 'attn').concat(1, normal.slice(1, 1));
  const y = plusScaled(m, x, attended, 'gamma1');
  const z = m.bool('tokens_norm')
    ? m.run(y, 'norm2')
    : m.run(y.slice(1, 0, 1), 'norm2').concat(1, y.slice(1, 1));
  const token = m.run(z.slice(1, 0, 1), 'mlp');
  return z.add(scaledBy(m, token, 'gamma2').concat(1, z.slice(1, 1)));
});

function xcitFeatures(m: Scope, x: Expression): Expression {
  m.require(
    m.bool('use_pos_embed', m.has('pos_embed')) === m.has('pos_embed'),
    'it does not use the positions that it has',
  );
  const image = m.inner('patch_embed', 'timm.models.xcit.ConvPatchEmbed').run(x, 'proj');
  const size: Size = [image.size(2), image.size(3)];
  const positions = positionRows(m, 'pos_embed', 'xcit', ...size);
  const row = toRows(image);
  const rows = m
    .list('blocks')
    .reduce(
      (y, child) => covarianceBlock(m.enter(child, 'timm.models.xcit.XCABlock'), y, size),
      positions ? row.add(positions) : row,
    );
  if (m.list('cls_attn_blocks').length === 0) return m.run(rows, 'norm');
  const all = m.requiredWeight('cls_token').expandTo(rows).concat(1, rows);
  return m.run(m.each(all, 'cls_attn_blocks'), 'norm');
}

/** PiT: images shrink between transformers, and the tokens grow with them. */
function pitFeatures(m: Scope, x: Expression): Expression {
  const patches = m.run(x, 'patch_embed');
  let image = patches.add(m.requiredWeight('pos_embed'));
  let tokens = m.requiredWeight('cls_token').expandTo(image);
  const shrink = (pool: Scope): void => {
    image = pool.run(image, 'conv');
    tokens = pool.run(tokens, 'fc');
  };
  for (const child of m.inner('transformers').module.children.values()) {
    const stage = m.enter(child!, 'timm.models.pit.Transformer');
    const pool = stage.has('pool') ? stage.inner('pool') : undefined;
    // Before timm 0.8, it was at the end of a stage.
    const last = pool?.module.className === 'timm.models.pit.ConvHeadPooling';
    pool?.require(
      last || pool.module.className === 'timm.models.pit.Pooling',
      'its stage does not know it',
    );
    if (pool && !last) shrink(pool);
    const [height, width, count] = [image.size(2), image.size(3), tokens.size(1)];
    const rows = stage.run(tokens.concat(1, toRows(image)), last ? 'blocks' : 'norm? blocks');
    tokens = rows.slice(1, 0, count);
    image = toImage(rows.slice(1, count), height, width);
    if (pool && last) shrink(pool);
  }
  return m.run(tokens, 'norm');
}

function pitHead(m: Scope, x: Expression): Expression {
  m.expectAttrs({ global_pool: 'token' });
  const first = m.run(x.select(1, 0), 'head');
  return m.has('head_dist') ? first.add(m.run(x.select(1, 1), 'head_dist')).mul(0.5) : first;
}

/** Transformers whose tokens have separate layers. */
export const classAttentions: LoweringFamily = {
  lowerings: {
    'timm.models.cait': {
      Cait: model(caitFeatures, tokenHead),
      ClassAttn: firstAsks('q', 'k', 'v'),
      TalkingHeadAttn: talkingHeads,
      LayerScaleBlock: scaledBlock,
      LayerScaleBlockClassAttn: classBlock,
    },
    'timm.models.xcit': {
      'Xcit|XCiT': model(xcitFeatures, tokenHead),
      XCA: crossCovariance,
      ClassAttentionBlock: covarianceClassBlock,
    },
    'timm.models.pit': {
      PoolingVisionTransformer: model(pitFeatures, pitHead),
      ConvEmbedding: chained('conv'),
    },
  },
};
