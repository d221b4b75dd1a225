import type { Module } from '../../torch/module.js';
import type { Value } from '../graph.js';
import { malformed } from './attributes.js';
import type { Lowering, LoweringContext } from './context.js';
import { plainSignature, type LoweringFamily } from './lowering.js';
import { codesOf } from './tabular.js';

/** The dot product of a user's and an item's factors, their biases, and perhaps a range. */
const lowerDotBias: Lowering = (module, ctx, inputs) => {
  const { graph } = ctx;
  const codes = ctx.value(module, inputs);
  const [users, items] = [codesOf(codes, 0, ctx), codesOf(codes, 1, ctx)];
  const rows = (name: string, indices: Value): Value =>
    ctx.lowerValue(ctx.child(module, name), [indices]);
  const product = graph.op('Mul', [rows('u_weight', users), rows('i_weight', items)]);
  const dot = graph.op('ReduceSum', [product, graph.axes(1)], { keepdims: 1 });
  const biases = graph.op('Add', [rows('u_bias', users), rows('i_bias', items)]);
  const sums = graph.op('Reshape', [graph.op('Add', [dot, biases]), graph.axes(-1)]);
  return scaled(sums, module, ctx);
};

function scaled(x: Value, module: Module, ctx: LoweringContext): Value {
  const range = module.attr('y_range');
  if (range === undefined || range === null) return x;
  const [low, high] = Array.isArray(range) ? range.map(Number) : [];
  if (low === undefined || high === undefined) throw malformed(module, 'its y_range is no pair');
  const { graph } = ctx;
  const spread = graph.op('Mul', [graph.op('Sigmoid', [x]), graph.scalar(high - low)]);
  return graph.op('Add', [spread, graph.scalar(low)]);
}

export const collabModels: LoweringFamily = {
  lowerings: {
    'fastai.collab': { EmbeddingDotBias: lowerDotBias },
  },
  signatures: {
    'fastai.collab': {
      EmbeddingDotBias: () => plainSignature({ name: 'x', dtype: 'int64', dims: ['batch', 2] }),
    },
  },
};
