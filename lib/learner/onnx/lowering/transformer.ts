import type { Module } from '../../torch/module.js';
import { Value } from '../graph.js';
import { boolAttr, intAttr } from './attributes.js';
import type { Lowering, LoweringContext } from './context.js';
import { lowerActivationFunction } from './functions.js';
import { linear } from './linear.js';
import type { LoweringFamily } from './lowering.js';

/**
 * Self-attention over [batch, positions, width] from the queries, keys and values of all heads side
 * by side: [batch, positions, 3 * width], each one head after the other.
 */
function attend({ graph }: LoweringContext, qkv: Value, heads: number, width: number): Value {
  const size = width / heads;
  const split = graph.op('Reshape', [qkv, graph.axes(0, 0, 3 * heads, size)]);
  const byHead = graph.op('Transpose', [split], { perm: [0, 2, 1, 3] });
  const part = (which: number): Value => {
    const bounds = [which * heads, (which + 1) * heads, 1].map((bound) => graph.axes(bound));
    return graph.op('Slice', [byHead, ...bounds]);
  };
  const [query, key] = [part(0), part(1)];
  const scaled = graph.op('Mul', [query, graph.scalar(1 / Math.sqrt(size))]);
  const keys = graph.op('Transpose', [key], { perm: [0, 1, 3, 2] });
  const weights = graph.op('Softmax', [graph.op('MatMul', [scaled, keys])], { axis: -1 });
  const mixed = graph.op('MatMul', [weights, part(2)]);
  const back = graph.op('Transpose', [mixed], { perm: [0, 2, 1, 3] });
  return graph.op('Reshape', [back, graph.axes(0, 0, width)]);
}

/** torch's MultiheadAttention where queries, keys and values are one tensor. */
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
  return swap(ctx.lowerValue(ctx.child(module, 'out_proj'), [mixed]));
};

/** The activation between the two linear layers: a module, or a function. */
function activate(module: Module, ctx: LoweringContext, x: Value): Value {
  const child = module.child('activation');
  if (child) return ctx.lowerValue(child, [x]);
  const func = module.attr('activation');
  // torch leaves the function out of the pickled state, and takes ReLU where it is missing.
  if (func === undefined) return ctx.graph.op('Relu', [x]);
  const result = lowerActivationFunction(ctx, func, x);
  if (!result) throw ctx.unsupported(module, 'its activation is a function that is not known');
  return result;
}

/** torch's TransformerEncoderLayer without masks: norms before the two blocks, or after them. */
const lowerEncoderLayer: Lowering = (module, ctx, inputs) => {
  const { graph } = ctx;
  const x = ctx.value(module, inputs);
  const child = (name: string, value: Value): Value =>
    ctx.lowerValue(ctx.child(module, name), [value]);
  const attention = ctx.child(module, 'self_attn');
  const attend = (value: Value): Value => {
    const result = ctx.lower(attention, [value, value, value]);
    return result instanceof Value ? result : (result[0] as Value);
  };
  const feed = (value: Value): Value =>
    child('linear2', activate(module, ctx, child('linear1', value)));
  if (boolAttr(module, 'norm_first', false)) {
    const attended = graph.op('Add', [x, attend(child('norm1', x))]);
    return graph.op('Add', [attended, feed(child('norm2', attended))]);
  }
  const attended = child('norm1', graph.op('Add', [x, attend(x)]));
  return child('norm2', graph.op('Add', [attended, feed(attended)]));
};

/** torch's TransformerEncoder: its layers in turn, and perhaps a norm behind them. */
const lowerEncoder: Lowering = (module, ctx, inputs) => {
  let x = ctx.value(module, inputs);
  for (const layer of ctx.child(module, 'layers').children.values()) {
    if (layer) x = ctx.lowerValue(layer, [x]);
  }
  const norm = module.child('norm');
  return norm ? ctx.lowerValue(norm, [x]) : x;
};

export const transformers: LoweringFamily = {
  lowerings: {
    'torch.nn.modules.activation': { MultiheadAttention: lowerMultihead },
    'torch.nn.modules.transformer': {
      TransformerEncoderLayer: lowerEncoderLayer,
      TransformerEncoder: lowerEncoder,
    },
  },
};
