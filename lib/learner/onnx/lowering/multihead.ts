import type { Module } from '../../torch/module.js';
import { Value } from '../graph.js';
import { intAttr, malformed } from './attributes.js';
import type { Lowering, LoweringContext } from './context.js';
import { linear } from './linear.js';
import type { LoweringFamily } from './lowering.js';

/** What an attention does with the queries and keys of each head, before they meet. */
export interface HeadNorms {
  readonly query?: (x: Value) => Value;
  readonly key?: (x: Value) => Value;
}

/**
 * Self-attention over [batch, positions, width] from the queries, keys and values of all heads side
 * by side.
 *
 * @param qkv [batch, positions, 3 * width]: queries, keys, values; each one head after the other.
 * @returns [batch, positions, width]
 */
export function attend(
  ctx: LoweringContext,
  qkv: Value,
  heads: number,
  width: number,
  norms: HeadNorms = {},
): Value {
  const { graph } = ctx;
  const size = width / heads;
  const split = graph.op('Reshape', [qkv, graph.axes(0, 0, 3 * heads, size)]);
  const byHead = graph.op('Transpose', [split], { perm: [0, 2, 1, 3] });
  const part = (which: number): Value =>
    graph.op('Slice', [
      byHead,
      graph.axes(which * heads),
      graph.axes((which + 1) * heads),
      graph.axes(1),
    ]);
  const query = (norms.query ?? same)(part(0));
  const key = (norms.key ?? same)(part(1));
  const scaled = graph.op('Mul', [query, graph.scalar(1 / Math.sqrt(size))]);
  const keys = graph.op('Transpose', [key], { perm: [0, 1, 3, 2] });
  const weights = graph.op('Softmax', [graph.op('MatMul', [scaled, keys])], { axis: -1 });
  const mixed = graph.op('MatMul', [weights, part(2)]);
  const back = graph.op('Transpose', [mixed], { perm: [0, 2, 1, 3] });
  return graph.op('Reshape', [back, graph.axes(0, 0, width)]);
}

const same = (x: Value): Value => x;

/**
 * torch's MultiheadAttention where queries, keys and values are one tensor; its weights are not
 * returned.
 */
const lowerMultihead: Lowering = (module, ctx, inputs) => {
  const [query, key, value] = inputs;
  if (!(query instanceof Value) || query !== key || query !== value || query.rank !== 3) {
    throw ctx.unsupported(module, 'it attends to other tensors than its own');
  }
  if (ctx.tensor(module, 'bias_k') || module.attr('add_zero_attn') === true) {
    throw ctx.unsupported(module, 'it adds positions to its keys (bias_k, add_zero_attn)');
  }
  const { graph } = ctx;
  const batchFirst = module.attr('batch_first') === true;
  const swap = (x: Value): Value =>
    batchFirst ? x : graph.op('Transpose', [x], { perm: [1, 0, 2] });
  const width = intAttr(module, 'embed_dim');
  const qkv = linear(
    ctx,
    swap(query),
    ctx.requiredWeight(module, 'in_proj_weight'),
    ctx.weight(module, 'in_proj_bias'),
  );
  const mixed = attend(ctx, qkv, intAttr(module, 'num_heads'), width);
  const out = ctx.child(module, 'out_proj');
  return swap(ctx.lowerValue(out, [mixed]));
};

/** Position 0 of [batch, positions, width]. */
export function firstPosition(ctx: LoweringContext, x: Value): Value {
  return ctx.graph.op('Gather', [x, ctx.graph.scalar(0, 'int64')], { axis: 1 });
}

/** A learned vector in front of every row's positions. */
export function prepend(ctx: LoweringContext, token: Value, x: Value): Value {
  const { graph } = ctx;
  const batch = graph.op('Shape', [x], { start: 0, end: 1 });
  const shape = graph.op(
    'Concat',
    [batch, graph.axes(...(token.shape as readonly number[]).slice(1))],
    {
      axis: 0,
    },
  );
  const [, ...sizes] = token.shape as readonly number[];
  const expanded = graph.assume(graph.op('Expand', [token, shape]), [
    x.shape?.[0] ?? null,
    ...sizes,
  ]);
  return graph.op('Concat', [expanded, x], { axis: 1 });
}

/** [batch, channels, height, width] as [batch, positions, channels]. */
export function toSequence(module: Module, ctx: LoweringContext, x: Value): Value {
  const { graph } = ctx;
  const channels = x.shape?.[1];
  if (typeof channels !== 'number') throw malformed(module, 'its patches have no known width');
  const sizes = x.shape?.slice(2) ?? [];
  const positions = sizes.every((size) => typeof size === 'number')
    ? (sizes as number[]).reduce((product, size) => product * size, 1)
    : -1;
  const flat = graph.op('Reshape', [x, graph.axes(0, channels, positions)]);
  return graph.op('Transpose', [flat], { perm: [0, 2, 1] });
}

export const multiheads: LoweringFamily = {
  lowerings: {
    'torch.nn.modules.activation': { MultiheadAttention: lowerMultihead },
  },
};
