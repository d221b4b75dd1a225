import type { Expression, Pair, Triple } from './expression.js';
import { forward } from './forward.js';
import type { Scope } from './scope.js';

/** The factor of the scores, and the tensors that are added to them. */
export interface AttentionOptions {
  /** Default: one over the root of the head's width. */
  readonly scale?: number;
  readonly bias?: Expression | undefined;
}

/** Scaled dot-product attention over the last two dimensions: positions and width. */
export function attention(
  q: Expression,
  k: Expression,
  v: Expression,
  { scale = 1 / Math.sqrt(q.size(-1)), bias }: AttentionOptions = {},
): Expression {
  const scores = (scale === 1 ? q : q.mul(scale)).matmul(k.transpose(-2, -1));
  return (bias ? scores.add(bias) : scores).softmax().matmul(v);
}

/** [batch, positions, channels] as an image. */
export function toImage(x: Expression, height: number, width: number): Expression {
  return x.permute(0, 2, 1).reshape(0, x.size(2), height, width);
}

/** And back. */
export function toRows(x: Expression): Expression {
  return x.flatten(2).permute(0, 2, 1);
}

/** [batch, positions, heads * width] as [batch, heads, positions, width]. */
export function heads(x: Expression, count: number): Expression {
  return x.reshape(0, x.size(1), count, -1).permute(0, 2, 1, 3);
}

/** And back. */
export function joinHeads(x: Expression): Expression {
  return x.permute(0, 2, 1, 3).flatten(2);
}

/** Queries, keys and values of all heads from one layer, in that order. */
export function queryKeyValue(x: Expression, count: number): Triple {
  return x.reshape(0, x.size(1), 3, count, -1).permute(2, 0, 3, 1, 4).unstack(3);
}

/** Keys and values of all heads from one layer. */
export function keyValue(x: Expression, count: number): Pair {
  return x.reshape(0, x.size(1), 2, count, -1).permute(2, 0, 3, 1, 4).unstack(2);
}

/** Queries and keys of all heads from one layer, values from another. */
export function queryKeyApart(m: Scope, x: Expression): Triple {
  const count = m.int('num_heads');
  const [q, k] = m.run(x, 'qk').chunk(2, 2);
  return [heads(q, count), heads(k, count), heads(m.run(x, 'v'), count)];
}

/**
 * Keys or values with fewer heads than the queries: each serves several consecutive query heads.
 */
export function repeatedHeads(m: Scope, x: Expression, count: number): Expression {
  const own = x.size(1);
  if (own === count) return x;
  return x.gather(
    1,
    m.indices(Array.from({ length: count }, (_, i) => Math.floor((i * own) / count))),
  );
}

/** The output of one layer for an image [batch, channels, height, width], by head as above. */
export function imageHeads(m: Scope, qkv: Expression, headFirst: boolean): Triple {
  const [count, size] = [m.int('num_heads'), m.int('dim_head')];
  const positions = qkv.size(2) * qkv.size(3);
  const parts = headFirst
    ? qkv.reshape(0, count, 3 * size, positions).chunk(2, 3)
    : [0, 1, 2].map((i) => qkv.reshape(0, 3, count, size, positions).select(1, i));
  return parts.map((part) => part.transpose(-2, -1)) as Triple;
}

/** [batch, heads, positions, width] as an image. */
export function headsToImage(x: Expression, height: number, width: number): Expression {
  return x.transpose(-2, -1).reshape(0, x.size(1) * x.size(3), height, width);
}

/** An attention with the module's own scale. */
export const scaledAttention = (
  m: Scope,
  q: Expression,
  k: Expression,
  v: Expression,
  bias?: Expression,
): Expression => attention(q, k, v, { scale: m.number('scale'), bias });

/** The same, followed by the layer over all heads. */
export function attendHeads(
  m: Scope,
  q: Expression,
  k: Expression,
  v: Expression,
  bias?: Expression,
): Expression {
  return m.run(joinHeads(scaledAttention(m, q, k, v, bias)), 'proj');
}

/** Attention over rows of positions, in its plainest form. */
export const selfAttention = forward((m, x) =>
  attendHeads(m, ...queryKeyValue(m.run(x, 'qkv'), m.int('num_heads'))),
);

/** The first token attends to all tokens; queries, keys and values have separate layers. */
export const firstAsks = (query: string, key: string, value: string) =>
  forward((m, x) => {
    const part = (y: Expression, name: string): Expression =>
      heads(m.run(y, name), m.int('num_heads'));
    return attendHeads(m, part(x.slice(1, 0, 1), query), part(x, key), part(x, value));
  });
