import type { Lowering } from '../context.js';
import type { Expression, Triple } from '../expression.js';
import { forwardMany, plus } from '../forward.js';
import { heads, joinHeads, queryKeyValue, repeatedHeads, scaledAttention } from '../heads.js';
import type { LoweringFamily } from '../lowering.js';
import type { Scope } from '../scope.js';
import { model } from './model.js';
import { ropeOf, rotated } from './rope.js';
import {
  biasedQkv,
  patchRow,
  plusScaled,
  pooled,
  project,
  withTokens,
} from './vision-transformer.js';

/** Queries, keys and values from one layer, or from three. */
function parts(m: Scope, x: Expression, qkv: (m: Scope, x: Expression) => Expression): Triple {
  const count = m.int('num_heads');
  if (m.has('qkv')) return queryKeyValue(qkv(m, x), count);
  const keys = m.int('num_kv_heads', count);
  const part = (name: string): Expression => repeatedHeads(m, heads(m.run(x, name), keys), count);
  return [heads(m.run(x, 'q_proj'), count), part('k_proj'), part('v_proj')];
}

function rotaryAttention(qkv: (m: Scope, x: Expression) => Expression): Lowering {
  return forwardMany((m, [x, rope]) => {
    const [query, key, v] = parts(m, x!, qkv);
    const [q, k] = [m.run(query, 'q_norm?'), m.run(key, 'k_norm?')];
    const placed = (y: Expression): Expression =>
      rope ? rotated(y, rope, m.bool('rotate_half', false), m.int('num_prefix_tokens', 1)) : y;
    return project(m, joinHeads(scaledAttention(m, placed(q), placed(k), v)), x!);
  });
}

const block = forwardMany((m, [x, rope]) => {
  const y = plusScaled(m, x!, m.callChild('attn', m.run(x!, 'norm1'), rope), 'gamma_1');
  return plusScaled(m, y, m.run(y, 'norm2 mlp'), 'gamma_2');
});

const postNormBlock = forwardMany((m, [x, rope]) => {
  const y = x!.add(m.run(m.callChild('attn', x!, rope), 'norm1'));
  return plus(m, y, 'mlp norm2');
});

function features(m: Scope, x: Expression): Expression {
  const row = patchRow(m, x);
  const module = m.module.child('rope');
  const rope = module ? ropeOf(m, module, m.inner('patch_embed').pair('grid_size')) : undefined;
  const placed = m.run(withTokens(m, row, ['cls_token', 'reg_token']), 'norm_pre?');
  const result = m.list('blocks').reduce((y, child, i) => m.call(child, y, rope?.(i)), placed);
  return m.run(result, 'norm');
}

function head(m: Scope, x: Expression): Expression {
  const summary = m.has('attn_pool') ? m.run(x, 'attn_pool') : pooled(m, x);
  return m.run(summary, 'fc_norm head');
}

/** EVA and its successors, with rotary positions for queries and keys. */
export const evas: LoweringFamily = {
  lowerings: {
    'timm.models.eva': {
      Eva: model(features, head),
      EvaAttention: rotaryAttention(biasedQkv),
      EvaBlock: block,
      EvaBlockPostNorm: postNormBlock,
    },
    'timm.layers.attention': { AttentionRope: rotaryAttention((m, x) => m.run(x, 'qkv')) },
  },
};
