import type { Expression, Pair, Quad, Triple } from '../expression.js';
import { forward } from '../forward.js';
import { attention, heads, joinHeads } from '../heads.js';
import type { LoweringFamily } from '../lowering.js';
import type { Scope } from '../scope.js';

/** The weight of the second attention: exp(first) - exp(second), plus a term for the depth. */
function share(m: Scope): Expression {
  const exponent = (index: 1 | 2): Expression => {
    const scalar = m.weight(index === 1 ? 'lambda_a' : 'lambda_b');
    if (scalar) return scalar;
    const query = m.requiredWeight(`lambda_q${index}`);
    return query.mul(m.requiredWeight(`lambda_k${index}`)).sum([0]);
  };
  return exponent(1).exp().sub(exponent(2).exp()).add(m.number('lambda_init'));
}

/** Two attentions over the same values; the second is subtracted from the first. */
function difference(m: Scope, [query, key, value]: Triple): Expression {
  const count = m.int('num_heads');
  const both = (x: Expression, norm: string): Pair => {
    const normal = m.run(heads(x, 2 * count), norm);
    const pairs = normal.reshape(0, count, 2, x.size(1), normal.size(3));
    return [pairs.select(2, 0), pairs.select(2, 1)];
  };
  const [q, k, v] = [both(query, 'q_norm'), both(key, 'k_norm'), heads(value, count)];
  const scale = m.number('scale');
  const first = attention(q[0], k[0], v, { scale });
  const second = attention(q[1], k[1], v, { scale });
  const normal = m.run(first.sub(second.mul(share(m))), 'sub_norm');
  return joinHeads(normal.mul(1 - m.number('lambda_init')));
}

const differential = forward((m, x) => {
  const parts = m.run(x, 'qkv').chunk(2, 3);
  return m.run(difference(m, parts), 'norm proj');
});

/** This attention and layers with one norm, from one projection. */
const parallel = forward((m, x) => {
  const projected = m.run(x, 'in_norm in_proj');
  const [hidden, q, k, v] = projected.split(2, m.ints('in_split')) as Quad;
  const bias = m.weight('mlp_bias');
  const active = m.run(bias ? hidden.add(bias) : hidden, 'mlp_act');
  return x.add(m.run(difference(m, [q, k, v]).concat(2, active), 'out_proj ls'));
});

/** Differential attention of timm's vision transformers. */
export const differentialAttentions: LoweringFamily = {
  lowerings: {
    'timm.layers.diff_attention': { DiffAttention: differential },
    'timm.models.vision_transformer': { DiffParallelScalingBlock: parallel },
  },
};
