import type { Expression } from '../expression.js';
import { forward, preNormBlock } from '../forward.js';
import { heads, joinHeads, selfAttention } from '../heads.js';
import type { LoweringFamily } from '../lowering.js';
import type { Scope } from '../scope.js';
import { model, tokenHead } from './model.js';
import { patchRow } from './vision-transformer.js';

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

/** ConViT. */
export const conVits: LoweringFamily = {
  lowerings: {
    'timm.models.convit': {
      ConVit: model(convitFeatures, tokenHead),
      GPSA: gatedPositions,
      MHSA: selfAttention,
      Block: preNormBlock,
    },
  },
};
