import type { Expression } from './expression.js';

/** What scores are multiplied with and what is added to them. */
export interface AttentionOptions {
  /** Default: one over the root of the head's width. */
  readonly scale?: number;
  readonly bias?: Expression;
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
export function queryKeyValue(x: Expression, count: number): [Expression, Expression, Expression] {
  const split = x.reshape(0, x.size(1), 3, count, -1).permute(2, 0, 3, 1, 4);
  return [split.select(0, 0), split.select(0, 1), split.select(0, 2)];
}

/** Keys and values of all heads from one layer. */
export function keyValue(x: Expression, count: number): [Expression, Expression] {
  const split = x.reshape(0, x.size(1), 2, count, -1).permute(2, 0, 3, 1, 4);
  return [split.select(0, 0), split.select(0, 1)];
}
