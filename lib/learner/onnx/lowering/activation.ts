import type { Module } from '../../torch/module.js';
import type { Value } from '../graph.js';
import type { Attributes } from '../graph-builder.js';
import { numberAttr, optionalNumberAttr, stringAttr } from './attributes.js';
import type { Lowering, LoweringContext } from './context.js';
import { forward } from './forward.js';
import { gelu, geluTanh, hardSigmoid, mish, sigmoidBetween, silu } from './functions.js';
import type { LoweringFamily } from './lowering.js';

type Emit = (ctx: LoweringContext, x: Value, module: Module) => Value;

export function activation(emit: Emit): Lowering {
  return (module, ctx, inputs) => {
    const x = ctx.value(module, inputs);
    const result = emit(ctx, x, module);
    if (module.attr('inplace') === true) ctx.overwritten.set(x, result);
    return result;
  };
}

/** An activation that is one operator. */
function single(op: string, attributes: (module: Module) => Attributes = () => ({})): Lowering {
  return activation(({ graph }, x, module) => graph.op(op, [x], attributes(module)));
}

const clip = (low: (module: Module) => number, high: (module: Module) => number): Lowering =>
  activation(({ graph }, x, module) =>
    graph.op('Clip', [x, graph.scalar(low(module)), graph.scalar(high(module))]),
  );

const softplus: Emit = ({ graph }, x, module) => {
  const beta = numberAttr(module, 'beta', 1);
  const threshold = numberAttr(module, 'threshold', 20);
  const scaled = beta === 1 ? x : graph.op('Mul', [x, graph.scalar(beta)]);
  const soft = graph.op('Softplus', [scaled]);
  const result = beta === 1 ? soft : graph.op('Div', [soft, graph.scalar(beta)]);
  // Above the threshold torch is linear.
  return graph.op('Where', [graph.op('Greater', [scaled, graph.scalar(threshold)]), x, result]);
};

const logSigmoid: Emit = ({ graph }, x) =>
  graph.op('Neg', [graph.op('Softplus', [graph.op('Neg', [x])])]);

const threshold: Emit = ({ graph }, x, module) => {
  const above = graph.op('Greater', [x, graph.scalar(numberAttr(module, 'threshold'))]);
  return graph.op('Where', [above, x, graph.scalar(numberAttr(module, 'value'))]);
};

const prelu: Emit = (ctx, x, module) => {
  const slope = ctx.requiredTensor(module, 'weight').toFloat32();
  const { rank } = x;
  if (slope.length === 1) return ctx.graph.op('PRelu', [x, ctx.graph.constant(slope, 'float32')]);
  if (rank === undefined) throw ctx.unsupported(module, 'the rank of its input is not known');
  // The slopes belong to dimension 1.
  const dims = [slope.length, ...Array.from({ length: rank - 2 }, () => 1)];
  return ctx.graph.op('PRelu', [x, ctx.graph.constant(slope, 'float32', dims)]);
};

const sigmoidRange: Emit = (ctx, x, module) =>
  sigmoidBetween(ctx, x, numberAttr(module, 'low'), numberAttr(module, 'high'));

/** Without `dim` torch takes the first for ranks 0, 1 and 3, and else the second. */
function softmax(op: 'Softmax' | 'LogSoftmax', before: Emit = (_, x) => x): Lowering {
  return activation((ctx, input, module) => {
    const x = before(ctx, input, module);
    const dim = optionalNumberAttr(module, 'dim');
    if (dim !== null) return ctx.graph.op(op, [x], { axis: dim });
    const { rank } = x;
    if (rank === undefined)
      throw ctx.unsupported(module, 'it has no dim, and its rank is not known');
    return ctx.graph.op(op, [x], { axis: [0, 1, 3].includes(rank) ? 0 : 1 });
  });
}

/** The first half of a dimension, gated by the second. */
const glu = forward((m, x) => {
  const [values, gates] = x.chunk(m.int('dim', -1), 2);
  return values.mul(gates.sigmoid());
});

export const activations: LoweringFamily = {
  lowerings: {
    'torch.nn.modules.activation': {
      ReLU: single('Relu'),
      ReLU6: clip(
        () => 0,
        () => 6,
      ),
      Hardtanh: clip(
        (m) => numberAttr(m, 'min_val', -1),
        (m) => numberAttr(m, 'max_val', 1),
      ),
      Sigmoid: single('Sigmoid'),
      Tanh: single('Tanh'),
      Softsign: single('Softsign'),
      Softshrink: single('Shrink', (m) => {
        const lambd = numberAttr(m, 'lambd', 0.5);
        return { lambd, bias: lambd };
      }),
      Hardshrink: single('Shrink', (m) => ({ lambd: numberAttr(m, 'lambd', 0.5) })),
      Tanhshrink: forward((_, x) => x.sub(x.op('Tanh'))),
      Hardswish: single('HardSwish'),
      Hardsigmoid: activation(hardSigmoid),
      LeakyReLU: single('LeakyRelu', (m) => ({ alpha: numberAttr(m, 'negative_slope', 0.01) })),
      // In evaluation mode torch takes the middle of the slopes.
      RReLU: single('LeakyRelu', (m) => ({
        alpha: (numberAttr(m, 'lower', 1 / 8) + numberAttr(m, 'upper', 1 / 3)) / 2,
      })),
      ELU: single('Elu', (m) => ({ alpha: numberAttr(m, 'alpha', 1) })),
      CELU: single('Celu', (m) => ({ alpha: numberAttr(m, 'alpha', 1) })),
      SELU: single('Selu'),
      GELU: activation((ctx, x, module) =>
        (stringAttr(module, 'approximate', 'none') === 'tanh' ? geluTanh : gelu)(ctx, x),
      ),
      SiLU: activation(silu),
      Mish: activation(mish),
      Softplus: activation(softplus),
      LogSigmoid: activation(logSigmoid),
      Threshold: activation(threshold),
      PReLU: activation(prelu),
      Softmax: softmax('Softmax'),
      LogSoftmax: softmax('LogSoftmax'),
      Softmin: softmax('Softmax', ({ graph }, x) => graph.op('Neg', [x])),
      Softmax2d: forward((_, x) => x.softmax(-3)),
      GLU: glu,
    },
    'fastai.layers': {
      'Swish|SwishJit': activation(silu),
      'Mish|MishJit': activation(mish),
      SigmoidRange: activation(sigmoidRange),
    },
  },
};
