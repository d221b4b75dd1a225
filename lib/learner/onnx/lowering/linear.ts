import type { Value } from '../graph.js';
import type { Lowering, LoweringContext } from './context.js';
import { plainSignature, type LoweringFamily } from './lowering.js';

/** x W' + b over the last dimension, for any rank. The weight stays as torch has it: [out, in]. */
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
  return graph.op('Reshape', [rows, shape]);
}

export const lowerLinear: Lowering = (module, ctx, inputs) =>
  linear(
    ctx,
    ctx.value(module, inputs),
    ctx.requiredWeight(module, 'weight'),
    ctx.weight(module, 'bias'),
  );

export const linears: LoweringFamily = {
  lowerings: {
    'torch.nn.modules.linear': { 'Linear|NonDynamicallyQuantizableLinear': lowerLinear },
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
