import { Value } from '../graph.js';
import type { Lowering, LoweringContext } from './context.js';
import { plainSignature, type LoweringFamily } from './lowering.js';

/** x W' + b over the last dimension, for any rank. The weight has torch's layout: [out, in]. */
export function linear(
  ctx: LoweringContext,
  x: Value,
  weight: Value,
  bias: Value | undefined,
): Value {
  const { graph } = ctx;
  const gemm = (rows: Value): Value =>
    graph.op('Gemm', bias ? [rows, weight, bias] : [rows, weight], { transB: 1 });
  if (x.rank === 2) return gemm(x);
  const [out, inner] = weight.shape as readonly number[];
  const rows = gemm(graph.op('Reshape', [x, graph.axes(-1, inner ?? 0)]));
  if (x.rank === 1) return graph.op('Reshape', [rows, graph.axes(out ?? 0)]);
  const known = x.shape?.slice(1, -1);
  if (known?.every((size) => typeof size === 'number')) {
    return graph.op('Reshape', [rows, graph.axes(-1, ...(known as number[]), out ?? 0)]);
  }
  const lead = graph.op('Shape', [x], { end: -1 });
  const shape = graph.op('Concat', [lead, graph.axes(out ?? 0)], { axis: 0 });
  const result = graph.op('Reshape', [rows, shape]);
  return x.shape ? graph.assume(result, [...x.shape.slice(0, -1), out ?? null]) : result;
}

/** x1' W_o x2 + b_o for each output o, over the last dimensions. */
export function bilinear(
  ctx: LoweringContext,
  left: Value,
  right: Value,
  weight: Value,
  bias: Value | undefined,
): Value {
  const { graph } = ctx;
  const [out, first, second] = weight.shape as readonly number[] as [number, number, number];
  const rowsOf = (x: Value, size: number): Value => graph.op('Reshape', [x, graph.axes(-1, size)]);
  const matrix = graph.op('Reshape', [
    graph.op('Transpose', [weight], { perm: [1, 0, 2] }),
    graph.axes(first, out * second),
  ]);
  const half = graph.op('Reshape', [
    graph.op('MatMul', [rowsOf(left, first), matrix]),
    graph.axes(-1, out, second),
  ]);
  const column = graph.op('Unsqueeze', [rowsOf(right, second), graph.axes(2)]);
  const rows = graph.op('Squeeze', [graph.op('MatMul', [half, column]), graph.axes(2)]);
  const sums = bias ? graph.op('Add', [rows, bias]) : rows;
  if (left.rank === 2) return sums;
  if (left.rank === 1) return graph.op('Reshape', [sums, graph.axes(out)]);
  const lead = graph.op('Shape', [left], { end: -1 });
  const shape = graph.op('Concat', [lead, graph.axes(out)], { axis: 0 });
  const result = graph.op('Reshape', [sums, shape]);
  return graph.assume(result, [...(left.shape ?? []).slice(0, -1), out]);
}

const lowerBilinear: Lowering = (module, ctx, inputs) => {
  const [left, right] = inputs;
  if (!(left instanceof Value) || !(right instanceof Value)) {
    throw ctx.unsupported(module, 'it takes two tensors');
  }
  const weight = ctx.requiredWeight(module, 'weight');
  return bilinear(ctx, left, right, weight, ctx.weight(module, 'bias'));
};

export const lowerLinear: Lowering = (module, ctx, inputs) =>
  linear(
    ctx,
    ctx.value(module, inputs),
    ctx.requiredWeight(module, 'weight'),
    ctx.weight(module, 'bias'),
  );

export const linears: LoweringFamily = {
  lowerings: {
    'torch.nn.modules.linear': {
      'Linear|NonDynamicallyQuantizableLinear': lowerLinear,
      Bilinear: lowerBilinear,
    },
  },
  signatures: {
    'torch.nn.modules.linear': {
      Linear: (module) =>
        plainSignature({
          name: 'x',
          dtype: 'float32',
          dims: ['batch', module.tensor('weight')?.shape[1] ?? null],
        }),
    },
  },
};
