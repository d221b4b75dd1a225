import type { Module } from '../../torch/module.js';
import { Value } from '../graph.js';
import { intAttr } from './attributes.js';
import type { Flow, Given, LoweringContext } from './context.js';
import { linear } from './linear.js';

interface Parts<T> {
  readonly query: T;
  readonly key: T;
  readonly value: T;
}

/** The weights of queries, keys and values: rows of one matrix, or three matrices. */
function projections(
  module: Module,
  ctx: LoweringContext,
  width: number,
): Parts<(x: Value) => Value> {
  const { graph } = ctx;
  const packed = ctx.weight(module, 'in_proj_weight');
  const biases = ctx.weight(module, 'in_proj_bias');
  const rows = (matrix: Value, part: number): Value =>
    graph.op('Slice', [
      matrix,
      graph.axes(part * width),
      graph.axes((part + 1) * width),
      graph.axes(0),
    ]);
  const project = (part: number, name: string): ((x: Value) => Value) => {
    const weight = packed ? rows(packed, part) : ctx.requiredWeight(module, `${name}_proj_weight`);
    return (x) => linear(ctx, x, weight, biases && rows(biases, part));
  };
  return { query: project(0, 'q'), key: project(1, 'k'), value: project(2, 'v') };
}

/** Scores [batch, heads, queries, keys] with a mask: True positions are ignored. */
function masked(module: Module, ctx: LoweringContext, scores: Value, mask: Value): Value {
  const { graph } = ctx;
  if (mask.dtype === 'bool') {
    return graph.op('Where', [mask, graph.scalar(-Infinity), scores]);
  }
  if (mask.dtype !== 'float32') {
    throw ctx.unsupported(module, `its mask is of type ${mask.dtype}, not bool or float`);
  }
  return graph.op('Add', [scores, mask]);
}

function safe({ graph }: LoweringContext, scores: Value): Value {
  const largest = graph.op('ReduceMax', [scores], { axes: [-1], keepdims: 1 });
  const nowhere = graph.op('Equal', [largest, graph.scalar(-Infinity)]);
  const weights = graph.op('Softmax', [scores], { axis: -1 });
  return graph.op('Where', [nowhere, graph.scalar(0), weights]);
}

/** [queries, keys], or one for each head of each row [batch * heads, queries, keys]. */
function byHead(ctx: LoweringContext, mask: Value, heads: number): Value {
  if (mask.rank !== 3) return mask;
  const { graph } = ctx;
  const sizes = graph.op('Shape', [mask], { start: 1 });
  const shape = graph.op('Concat', [graph.axes(-1, heads), sizes], { axis: 0 });
  const split = graph.op('Reshape', [mask, shape]);
  return graph.assume(split, [null, heads, ...(mask.shape ?? []).slice(1)]);
}

/**
 * The complete MultiheadAttention of torch: separate keys, masks, and the attention weights.
 *
 * @returns the result, and the weights unless `need_weights` is False
 */
export function attendByMasks(
  module: Module,
  ctx: LoweringContext,
  { query, key, value }: Parts<Value>,
  given: Given,
): Flow {
  const { graph } = ctx;
  const [width, heads] = [intAttr(module, 'embed_dim'), intAttr(module, 'num_heads')];
  const single = query.rank === 2;
  const swapped = module.attr('batch_first') !== true && !single;
  const toRows = (x: Value): Value => {
    if (single) return graph.op('Unsqueeze', [x, graph.axes(0)]);
    return swapped ? graph.op('Transpose', [x], { perm: [1, 0, 2] }) : x;
  };
  const split = (x: Value): Value =>
    graph.op('Reshape', [x, graph.axes(0, 0, heads, width / heads)]);
  const project = projections(module, ctx, width);
  const perm = [0, 2, 1, 3];
  const q = graph.op('Transpose', [split(project.query(toRows(query)))], { perm });
  const k = graph.op('Transpose', [split(project.key(toRows(key)))], { perm: [0, 2, 3, 1] });
  const v = graph.op('Transpose', [split(project.value(toRows(value)))], { perm });
  const scale = graph.scalar(1 / Math.sqrt(width / heads));
  let scores = graph.op('MatMul', [graph.op('Mul', [q, scale]), k]);
  const mask = given.get('attn_mask');
  const padding = given.get('key_padding_mask');
  if (mask instanceof Value) scores = masked(module, ctx, scores, byHead(ctx, mask, heads));
  if (padding instanceof Value) {
    const axes = padding.rank === 1 ? [0, 1, 2] : [1, 2];
    const keys = graph.op('Unsqueeze', [padding, graph.axes(...axes)]);
    scores = masked(module, ctx, scores, keys);
  }
  const isMasked = mask instanceof Value || padding instanceof Value;
  const needed = given.get('need_weights') !== false;
  // Without weights, torch uses another path, in which a fully masked row gives zeros instead of
  // NaN.
  const weights =
    isMasked && !needed ? safe(ctx, scores) : graph.op('Softmax', [scores], { axis: -1 });
  const mixed = graph.op('Transpose', [graph.op('MatMul', [weights, v])], { perm });
  const joined = graph.op('Reshape', [mixed, graph.axes(0, 0, width)]);
  const rows = ctx.lowerValue(ctx.child(module, 'out_proj'), [joined]);
  const drop = (x: Value): Value => (single ? graph.op('Squeeze', [x, graph.axes(0)]) : x);
  const result = swapped ? graph.op('Transpose', [rows], { perm: [1, 0, 2] }) : drop(rows);
  if (!needed) return [result];
  const averaged = given.get('average_attn_weights') !== false;
  return [
    result,
    drop(averaged ? graph.op('ReduceMean', [weights], { axes: [1], keepdims: 0 }) : weights),
  ];
}
