import type { Expression } from '../expression.js';
import { forwardMany, plus } from '../forward.js';
import { attention, joinHeads, queryKeyValue } from '../heads.js';
import type { LoweringFamily } from '../lowering.js';
import type { Scope } from '../scope.js';
import { model, tokenOrMean } from './model.js';
import { childBias } from './relative-position.js';

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
      return plus(m, y, 'mlp norm2');
    }
    const y = x!.add(m.run(attend(m.run(x!, 'norm1')), 'ls1'));
    return plus(m, y, 'norm2 mlp ls2');
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

/** ViT with relative positions. */
export const relativeTransformers: LoweringFamily = {
  lowerings: {
    'timm.models.vision_transformer_relpos': {
      VisionTransformerRelPos: model(relativeFeatures, (m, x) =>
        m.run(tokenOrMean(m, x), 'fc_norm head'),
      ),
      RelPosAttention: relativeAttention,
      RelPosBlock: relativeBlock(false),
      ResPostRelPosBlock: relativeBlock(true),
    },
  },
};
