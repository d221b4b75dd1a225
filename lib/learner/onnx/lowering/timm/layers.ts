import { activation } from '../activation.js';
import type { Lowering } from '../context.js';
import type { Expression } from '../expression.js';
import { passThrough } from '../containers.js';
import { chained, forward } from '../forward.js';
import { gelu, geluTanh, hardSigmoid, mish, silu, single } from '../functions.js';
import { lowerLinear } from '../linear.js';
import type { LoweringFamily } from '../lowering.js';
import { average, averageMax, maximum } from './pooling.js';

/**
 * ConvNeXt v2: each channel weighted by its norm relative to the others, channels last or first.
 */
const responseNorm = forward((m, x) => {
  const last = Number(m.attr('channel_dim') ?? -1) === -1;
  const norm = x.op('ReduceL2', { axes: last ? [1, 2] : [2, 3], keepdims: 1 });
  const share = norm.div(norm.mean([last ? -1 : 1], true).add(m.number('eps', 1e-6)));
  const operand = (name: string): Expression => {
    const values = m.tensor(name).toFloat32();
    return m.constant(values, last ? [values.length] : [values.length, 1, 1]);
  };
  const weight = operand('weight');
  const scaled = weight.mul(x.mul(share));
  return x.add(operand('bias').add(scaled));
});

const layerScale = forward((m, x) => x.mul(m.requiredWeight('gamma')));

const activations: Readonly<Record<string, Lowering>> = {
  GELU: activation(gelu),
  GELUTanh: activation(geluTanh),
  QuickGELU: forward((_, x) => x.mul(x.mul(1.702).sigmoid())),
  Sigmoid: activation(single('Sigmoid')),
  Tanh: activation(single('Tanh')),
  Swish: activation(silu),
  Mish: activation(mish),
  HardMish: forward((_, x) => x.mul(0.5).mul(x.add(2).atLeast(0).atMost(2))),
  HardSwish: activation(single('HardSwish')),
  HardSigmoid: activation(hardSigmoid),
};

const withSuffix = (suffix: string): Record<string, Lowering> =>
  Object.fromEntries(
    Object.entries(activations).map(([name, lowering]) => [`${name}${suffix}`, lowering]),
  );

const layerScale2d = forward((m, x) => x.mul(m.requiredWeight('gamma').reshape(-1, 1, 1)));

/** One layer for both halves; one half gates the other. */
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

const pools = new Map([
  ['avg', average],
  ['max', maximum],
  ['avgmax', averageMax],
]);

/** The head of models with the channels last. */
const lowerClHead = forward((m, x) => {
  const axes = m.attr('pool_dim') === undefined ? [1, 2] : m.axes('pool_dim');
  const kind = m.string('pool_type');
  const pool = pools.get(kind);
  m.require(pool !== undefined || kind === '', `it pools by "${kind}"`);
  return m.run(pool ? pool(x, axes, false) : x, 'norm pre_logits fc');
});

/** The layers of timm's models. */
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
    'timm.layers.grn': { GlobalResponseNorm: responseNorm },
    'timm.layers.layer_scale': {
      LayerScale: layerScale,
      LayerScale2d: layerScale2d,
    },
    'timm.models.vision_transformer': { LayerScale: layerScale },
    'timm.models.efficientformer|timm.models.efficientformer_v2|timm.models.maxxvit|timm.models.gcvit|timm.models.davit|timm.models.vision_transformer_relpos':
      { LayerScale: layerScale, LayerScale2d: layerScale2d },
    'timm.layers.classifier': {
      NormMlpClassifierHead: chained('global_pool norm flatten pre_logits fc'),
      ClNormMlpClassifierHead: lowerClHead,
      ClassifierHead: chained('global_pool fc flatten?'),
    },
    'timm.layers.activations': activations,
    'timm.layers.activations_jit': withSuffix('Jit'),
    'timm.layers.activations_me': withSuffix('Me'),
    'timm.layers.drop': { 'DropPath|DropBlock2d': passThrough },
    'timm.layers.patch_dropout': { PatchDropout: passThrough },
  },
};
