import type { Module } from '../../torch/module.js';
import type { Value } from '../graph.js';
import { boolAttr, intAttr } from './attributes.js';
import type { Lowering, LoweringContext } from './context.js';
import type { LoweringFamily } from './lowering.js';
import { channelsOf } from './spatial.js';

/** [batch, channels, positions]. */
function flattened(module: Module, ctx: LoweringContext, x: Value): Value {
  return ctx.graph.op('Reshape', [x, ctx.graph.axes(0, channelsOf(module, ctx, x), -1)]);
}

/** Back to the spatial sizes of `like`. */
function unflattened(ctx: LoweringContext, x: Value, like: Value): Value {
  const sizes = like.shape?.slice(1);
  if (sizes?.every((size) => typeof size === 'number')) {
    return ctx.graph.op('Reshape', [x, ctx.graph.axes(0, ...(sizes as number[]))]);
  }
  const channels = like.shape?.[1];
  const behind = ctx.graph.op('Shape', [like], { start: 2 });
  const lead = ctx.graph.axes(0, typeof channels === 'number' ? channels : -1);
  const target = ctx.graph.op('Concat', [lead, behind], { axis: 0 });
  return ctx.graph.assume(ctx.graph.op('Reshape', [x, target]), like.shape ?? []);
}

function transposed(ctx: LoweringContext, x: Value): Value {
  return ctx.graph.op('Transpose', [x], { perm: [0, 2, 1] });
}

function scaledPlus(module: Module, ctx: LoweringContext, o: Value, x: Value): Value {
  const scaled = ctx.graph.op('Mul', [ctx.requiredWeight(module, 'gamma'), o]);
  return ctx.graph.op('Add', [scaled, x]);
}

/** fastai's SelfAttention: softmax over the first of the two positions. */
const lowerSelfAttention: Lowering = (module, ctx, inputs) => {
  const image = ctx.value(module, inputs);
  const { graph } = ctx;
  const x = flattened(module, ctx, image);
  const [query, key, value] = ['query', 'key', 'value'].map((name) =>
    ctx.lowerValue(ctx.child(module, name), [x]),
  ) as [Value, Value, Value];
  const scores = graph.op('MatMul', [transposed(ctx, query), key]);
  const beta = graph.op('Softmax', [scores], { axis: 1 });
  const o = graph.op('MatMul', [value, beta]);
  return unflattened(ctx, scaledPlus(module, ctx, o, x), image);
};

/** Keys and values from an image of half the size. */
const lowerPooledSelfAttention: Lowering = (module, ctx, inputs) => {
  const x = ctx.value(module, inputs);
  const { graph } = ctx;
  const pooled = (name: string): Value => {
    const result = ctx.lowerValue(ctx.child(module, name), [x]);
    return graph.op('MaxPool', [result], { kernel_shape: [2, 2], strides: [2, 2] });
  };
  const query = ctx.lowerValue(ctx.child(module, 'query'), [x]);
  const [f, g] = [flattened(module, ctx, query), flattened(module, ctx, pooled('key'))];
  const h = flattened(module, ctx, pooled('value'));
  const beta = graph.op('Softmax', [graph.op('MatMul', [transposed(ctx, f), g])], { axis: -1 });
  const joined = graph.op('MatMul', [h, transposed(ctx, beta)]);
  const channels = intAttr(module, 'n_channels') >> 1;
  const sizes = x.shape?.slice(2);
  const target = sizes?.every((size) => typeof size === 'number')
    ? graph.axes(0, channels, ...(sizes as number[]))
    : graph.op('Concat', [graph.axes(0, channels), graph.op('Shape', [x], { start: 2 })], {
        axis: 0,
      });
  const o = ctx.lowerValue(ctx.child(module, 'out'), [graph.op('Reshape', [joined, target])]);
  return scaledPlus(module, ctx, o, x);
};

/**
 * x x' conv(x), without a softmax. With `sym` the weight was made symmetric at every step of the
 * training.
 */
const lowerSimpleSelfAttention: Lowering = (module, ctx, inputs) => {
  const image = ctx.value(module, inputs);
  if (boolAttr(module, 'sym', false)) {
    throw ctx.unsupported(module, 'it changes its own weight at every call (sym=True)');
  }
  const { graph } = ctx;
  const x = flattened(module, ctx, image);
  const convolved = ctx.lowerValue(ctx.child(module, 'conv'), [x]);
  const square = graph.op('MatMul', [x, transposed(ctx, x)]);
  const o = graph.op('MatMul', [square, convolved]);
  return unflattened(ctx, scaledPlus(module, ctx, o, x), image);
};

export const attentions: LoweringFamily = {
  lowerings: {
    'fastai.layers': {
      SelfAttention: lowerSelfAttention,
      PooledSelfAttention2d: lowerPooledSelfAttention,
      SimpleSelfAttention: lowerSimpleSelfAttention,
    },
  },
};
