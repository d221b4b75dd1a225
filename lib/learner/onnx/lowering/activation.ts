import type { Module } from '../../torch/module.js';
import type { Value } from '../graph.js';
import type { Attributes } from '../graph-builder.js';
import { numberAttr, optionalNumberAttr, stringAttr } from './attributes.js';
import type { Lowering, LoweringContext } from './context.js';
import type { LoweringFamily } from './lowering.js';

type Emit = (x: Value, module: Module, ctx: LoweringContext) => Value;

function activation(emit: Emit): Lowering {
  return (module, ctx, inputs) => emit(ctx.value(module, inputs), module, ctx);
}

/** An activation that is one operator. */
function single(op: string, attributes: (module: Module) => Attributes = () => ({})): Lowering {
  return activation((x, module, ctx) => ctx.graph.op(op, [x], attributes(module)));
}

function clip(x: Value, low: number, high: number, { graph }: LoweringContext): Value {
  return graph.op('Clip', [x, graph.scalar(low), graph.scalar(high)]);
}

const gelu: Emit = (x, module, { graph }) => {
  const half = graph.op('Mul', [x, graph.scalar(0.5)]);
  const one = graph.scalar(1);
  if (stringAttr(module, 'approximate', 'none') !== 'tanh') {
    const error = graph.op('Erf', [graph.op('Mul', [x, graph.scalar(Math.SQRT1_2)])]);
    return graph.op('Mul', [half, graph.op('Add', [error, one])]);
  }
  const square = graph.op('Mul', [x, x]);
  const cubic = graph.op('Mul', [x, graph.op('Mul', [square, graph.scalar(0.044715)])]);
  const inner = graph.op('Mul', [
    graph.op('Add', [x, cubic]),
    graph.scalar(Math.sqrt(2 / Math.PI)),
  ]);
  return graph.op('Mul', [half, graph.op('Add', [graph.op('Tanh', [inner]), one])]);
};

const silu: Emit = (x, _, { graph }) => graph.op('Mul', [x, graph.op('Sigmoid', [x])]);

const mish: Emit = (x, _, { graph }) =>
  graph.op('Mul', [x, graph.op('Tanh', [graph.op('Softplus', [x])])]);

const softplus: Emit = (x, module, { graph }) => {
  const beta = numberAttr(module, 'beta', 1);
  const threshold = numberAttr(module, 'threshold', 20);
  const scaled = beta === 1 ? x : graph.op('Mul', [x, graph.scalar(beta)]);
  const soft = graph.op('Softplus', [scaled]);
  const result = beta === 1 ? soft : graph.op('Div', [soft, graph.scalar(beta)]);
  // Above the threshold torch is linear.
  return graph.op('Where', [graph.op('Greater', [scaled, graph.scalar(threshold)]), x, result]);
};

const logSigmoid: Emit = (x, _, { graph }) =>
  graph.op('Neg', [graph.op('Softplus', [graph.op('Neg', [x])])]);

const threshold: Emit = (x, module, { graph }) => {
  const above = graph.op('Greater', [x, graph.scalar(numberAttr(module, 'threshold'))]);
  return graph.op('Where', [above, x, graph.scalar(numberAttr(module, 'value'))]);
};

const prelu: Emit = (x, module, ctx) => {
  const slope = ctx.requiredTensor(module, 'weight').toFloat32();
  const { rank } = x;
  if (slope.length === 1) return ctx.graph.op('PRelu', [x, ctx.graph.constant(slope, 'float32')]);
  if (rank === undefined) throw ctx.unsupported(module, 'the rank of its input is not known');
  // The slopes belong to dimension 1.
  const dims = [slope.length, ...Array.from({ length: rank - 2 }, () => 1)];
  return ctx.graph.op('PRelu', [x, ctx.graph.constant(slope, 'float32', dims)]);
};

/** sigmoid(x) * (high - low) + low. */
const sigmoidRange: Emit = (x, module, { graph }) => {
  const [low, high] = [numberAttr(module, 'low'), numberAttr(module, 'high')];
  const scaled = graph.op('Mul', [graph.op('Sigmoid', [x]), graph.scalar(high - low)]);
  return graph.op('Add', [scaled, graph.scalar(low)]);
};

/** Without `dim` torch takes the first for ranks 0, 1 and 3, and else the second. */
function softmax(op: 'Softmax' | 'LogSoftmax'): Lowering {
  return activation((x, module, ctx) => {
    const dim = optionalNumberAttr(module, 'dim');
    if (dim !== null) return ctx.graph.op(op, [x], { axis: dim });
    const { rank } = x;
    if (rank === undefined)
      throw ctx.unsupported(module, 'it has no dim, and its rank is not known');
    return ctx.graph.op(op, [x], { axis: [0, 1, 3].includes(rank) ? 0 : 1 });
  });
}

export const activations: LoweringFamily = {
  lowerings: {
    'torch.nn.modules.activation': {
      ReLU: single('Relu'),
      ReLU6: activation((x, _, ctx) => clip(x, 0, 6, ctx)),
      Hardtanh: activation((x, m, ctx) =>
        clip(x, numberAttr(m, 'min_val', -1), numberAttr(m, 'max_val', 1), ctx),
      ),
      Sigmoid: single('Sigmoid'),
      Tanh: single('Tanh'),
      Softsign: single('Softsign'),
      Hardswish: single('HardSwish'),
      Hardsigmoid: single('HardSigmoid', () => ({ alpha: 1 / 6, beta: 0.5 })),
      LeakyReLU: single('LeakyRelu', (m) => ({ alpha: numberAttr(m, 'negative_slope', 0.01) })),
      ELU: single('Elu', (m) => ({ alpha: numberAttr(m, 'alpha', 1) })),
      CELU: single('Celu', (m) => ({ alpha: numberAttr(m, 'alpha', 1) })),
      SELU: single('Selu'),
      GELU: activation(gelu),
      SiLU: activation(silu),
      Mish: activation(mish),
      Softplus: activation(softplus),
      LogSigmoid: activation(logSigmoid),
      Threshold: activation(threshold),
      PReLU: activation(prelu),
      Softmax: softmax('Softmax'),
      LogSoftmax: softmax('LogSoftmax'),
    },
    'fastai.layers': {
      'Swish|SwishJit': activation(silu),
      'Mish|MishJit': activation(mish),
      SigmoidRange: activation(sigmoidRange),
    },
  },
};
