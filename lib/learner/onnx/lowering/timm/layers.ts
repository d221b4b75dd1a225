import type { Value } from '../../graph.js';
import { numberAttr } from '../attributes.js';
import type { Lowering, LoweringContext } from '../context.js';
import type { Expression } from '../expression.js';
import { chained, forward } from '../forward.js';
import { gelu, geluTanh } from '../functions.js';
import { lowerLinear } from '../linear.js';
import type { LoweringFamily } from '../lowering.js';

/** ConvNeXt v2: each channel by its share of all channels' norms, channels last or first. */
const lowerResponseNorm: Lowering = (module, ctx, inputs) => {
  const x = ctx.value(module, inputs);
  const { graph } = ctx;
  const channelsLast = Number(module.attr('channel_dim') ?? -1) === -1;
  const norm = graph.op('ReduceL2', [x], { axes: channelsLast ? [1, 2] : [2, 3], keepdims: 1 });
  const mean = graph.op('ReduceMean', [norm], { axes: [channelsLast ? -1 : 1], keepdims: 1 });
  const share = graph.op('Div', [
    norm,
    graph.op('Add', [mean, graph.scalar(numberAttr(module, 'eps', 1e-6))]),
  ]);
  const operand = (name: string): Value => {
    const values = ctx.requiredTensor(module, name).toFloat32();
    const dims = channelsLast ? [values.length] : [values.length, 1, 1];
    return graph.constant(values, 'float32', dims);
  };
  const scaled = graph.op('Mul', [operand('weight'), graph.op('Mul', [x, share])]);
  return graph.op('Add', [x, graph.op('Add', [operand('bias'), scaled])]);
};

const lowerLayerScale: Lowering = (module, ctx, inputs) =>
  ctx.graph.op('Mul', [ctx.value(module, inputs), ctx.requiredWeight(module, 'gamma')]);

const activation =
  (emit: (ctx: LoweringContext, x: Value) => Value): Lowering =>
  (module, ctx, inputs) =>
    emit(ctx, ctx.value(module, inputs));

const single = (op: string): Lowering => activation(({ graph }, x) => graph.op(op, [x]));
const silu = activation(({ graph }, x) => graph.op('Mul', [x, graph.op('Sigmoid', [x])]));
const mish = activation(({ graph }, x) =>
  graph.op('Mul', [x, graph.op('Tanh', [graph.op('Softplus', [x])])]),
);
const quickGelu = activation(({ graph }, x) => {
  const gate = graph.op('Sigmoid', [graph.op('Mul', [x, graph.scalar(1.702)])]);
  return graph.op('Mul', [x, gate]);
});
const hardSigmoid = activation(({ graph }, x) =>
  graph.op('HardSigmoid', [x], { alpha: 1 / 6, beta: 0.5 }),
);

const lowerLayerScale2d = forward((m, x) => x.mul(m.requiredWeight('gamma').reshape(-1, 1, 1)));

/** One layer for both halves, of which one gates the other. */
const lowerGluMlp = forward((m, x) => {
  const [first, second] = m.run(x, 'fc1').chunk(m.int('chunk_dim', -1), 2);
  const gated = m.bool('gate_last', true)
    ? first.mul(m.run(second, 'act'))
    : m.run(first, 'act').mul(second);
  return m.run(gated, 'norm? fc2');
});

const lowerSwiGlu = forward((m, x) =>
  m.run(m.run(x, 'fc1_g act').mul(m.run(x, 'fc1_x')), 'norm? fc2'),
);

/** The head of models with the channels last. */
const lowerClHead = forward((m, x) => {
  const axes = m.attr('pool_dim') === undefined ? [1, 2] : m.axes('pool_dim');
  const pooled = (kind: string): Expression => {
    if (kind === 'avg') return x.mean(axes);
    if (kind === 'max') return x.max(axes);
    if (kind === 'avgmax') return x.mean(axes).add(x.max(axes)).mul(0.5);
    if (kind === '') return x;
    throw m.refusal(`it pools by "${kind}"`);
  };
  return m.run(pooled(m.string('pool_type')), 'norm pre_logits fc');
});

const hardMish = forward((_, x) => x.mul(0.5).mul(x.add(2).atLeast(0).atMost(2)));

const passThrough: Lowering = (module, ctx, inputs) => ctx.value(module, inputs);

/** What timm's models are made of. */
export const timmLayers: LoweringFamily = {
  lowerings: {
    'timm.layers.linear': { Linear: lowerLinear },
    'timm.layers.mlp': {
      Mlp: chained('fc1 act norm? fc2'),
      ConvMlp: chained('fc1 norm? act fc2'),
      GlobalResponseNormMlp: chained('fc1 act grn fc2'),
      GluMlp: lowerGluMlp,
      SwiGLU: lowerSwiGlu,
      GatedMlp: chained('fc1 act gate norm? fc2'),
    },
    'timm.layers.grn': { GlobalResponseNorm: lowerResponseNorm },
    'timm.layers.layer_scale': {
      LayerScale: lowerLayerScale,
      LayerScale2d: lowerLayerScale2d,
    },
    'timm.models.vision_transformer': { LayerScale: lowerLayerScale },
    'timm.models.vision_transformer_relpos': { LayerScale: lowerLayerScale },
    'timm.models.efficientformer': { LayerScale: lowerLayerScale },
    'timm.layers.classifier': {
      NormMlpClassifierHead: chained('global_pool norm flatten pre_logits fc'),
      ClNormMlpClassifierHead: lowerClHead,
      ClassifierHead: chained('global_pool fc flatten?'),
    },
    'timm.layers.activations': {
      GELU: activation(gelu),
      GELUTanh: activation(geluTanh),
      QuickGELU: quickGelu,
      Sigmoid: single('Sigmoid'),
      Tanh: single('Tanh'),
      Swish: silu,
      Mish: mish,
      HardMish: hardMish,
      HardSwish: single('HardSwish'),
      HardSigmoid: hardSigmoid,
    },
    'timm.layers.activations_jit': {
      GELUJit: activation(gelu),
      GELUTanhJit: activation(geluTanh),
      QuickGELUJit: quickGelu,
      SigmoidJit: single('Sigmoid'),
      TanhJit: single('Tanh'),
      SwishJit: silu,
      MishJit: mish,
      HardMishJit: hardMish,
      HardSwishJit: single('HardSwish'),
      HardSigmoidJit: hardSigmoid,
    },
    'timm.layers.activations_me': {
      GELUMe: activation(gelu),
      GELUTanhMe: activation(geluTanh),
      QuickGELUMe: quickGelu,
      SigmoidMe: single('Sigmoid'),
      TanhMe: single('Tanh'),
      SwishMe: silu,
      MishMe: mish,
      HardMishMe: hardMish,
      HardSwishMe: single('HardSwish'),
      HardSigmoidMe: hardSigmoid,
    },
    'timm.layers.drop': { 'DropPath|DropBlock2d': passThrough },
    'timm.layers.patch_dropout': { PatchDropout: passThrough },
  },
};
