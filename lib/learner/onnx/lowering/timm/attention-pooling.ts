import type { Expression, Triple } from '../expression.js';
import { forward } from '../forward.js';
import { attention, heads, joinHeads, queryKeyValue } from '../heads.js';
import type { LoweringFamily } from '../lowering.js';
import type { Scope } from '../scope.js';
import type { Size } from '../windows.js';
import { ropeOf, rotated } from './rope.js';
import { resampled } from './upsample.js';
import { behindToken } from './vision-transformer.js';

/** The pixels of an image as a sequence, after a token or their mean. */
function summarized(m: Scope, x: Expression): Expression {
  const rows = x.flatten(2).transpose(1, 2);
  const learned = m.weight('cls_token');
  if (!learned) return rows.mean([1], true).concat(1, rows);
  return behindToken(m, rows, 'cls_token');
}

/** Queries, keys and values from one layer, or from three. */
function parts(m: Scope, x: Expression): Triple {
  const count = m.int('num_heads');
  if (m.has('qkv')) return queryKeyValue(m.run(x, 'qkv'), count);
  const part = (name: string): Expression => heads(m.run(x, name), count);
  return [part('q'), part('k'), part('v')];
}

/** The summary over all pixels; without pooling, an image. */
function pooled(m: Scope, [q, k, v]: Triple, [height, width]: Size): Expression {
  const kind = m.string('pool_type', 'token');
  m.require(kind === 'token' || kind === '', `it pools by "${kind}"`);
  const asking = kind === 'token' ? q.slice(2, 0, 1) : q;
  const rows = m.run(joinHeads(attention(asking, k, v, { scale: m.number('scale') })), 'proj');
  if (kind === 'token') return rows.select(1, 0);
  return rows.slice(1, 1).transpose(1, 2).reshape(0, rows.size(2), height, width);
}

const sizeOf = (x: Expression): Size => [x.size(2), x.size(3)];

const learnedPositions = forward((m, x) => {
  const size = sizeOf(x);
  const own = m.pair('feat_size');
  const positions = m.requiredWeight('pos_embed');
  const channels = positions.size(1);
  const same = own[0] === size[0] && own[1] === size[1];
  const moved = (): Expression => {
    const grid = m.tensor('pos_embed').toFloat32().subarray(channels);
    return positions.slice(0, 0, 1).concat(0, resampled(m, grid, own, size).reshape(-1, channels));
  };
  return pooled(m, parts(m, summarized(m, x).add(same ? positions : moved())), size);
});

const rotaryPositions = forward((m, x) => {
  const size = sizeOf(x);
  const [q, k, v] = parts(m, summarized(m, x));
  const rope = ropeOf(m, m.inner('pos_embed').module, size)(0);
  const placed = (y: Expression): Expression => rotated(y, rope, m.bool('rotate_half', false), 1);
  return pooled(m, [placed(q), placed(k), v], size);
});

/** Attention instead of a pooling, as in CLIP. */
export const attentionPoolings: LoweringFamily = {
  lowerings: {
    'timm.layers.attention_pool2d': {
      AttentionPool2d: learnedPositions,
      RotAttentionPool2d: rotaryPositions,
    },
  },
};
