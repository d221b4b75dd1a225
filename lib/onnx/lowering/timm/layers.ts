import type { Module } from '../../../torch/module.js';
import type { Value } from '../../graph.js';
import { boolAttr, numberAttr } from '../attributes.js';
import { chain, chained, flattenImage } from '../blocks.js';
import type { LoweringContext } from '../context.js';
import { lowerConvSame } from '../conv.js';
import { gelu, geluTanh } from '../functions.js';
import { lowerLayerNorm2d } from '../image-norm.js';
import type { Lowering, LoweringFamily } from '../lowering.js';
import { lowerBatchNorm, lowerLayerNorm } from '../norm.js';
import { layerNames } from './names.js';

/** A batch norm with its activation. */
const lowerBatchNormAct: Lowering = (module, ctx, inputs) =>
  chain(ctx, module, lowerBatchNorm(module, ctx, inputs) as Value, ['drop?', 'act?']);

/** Squeeze and excitation, by the names that its layers have. */
function excitation(...names: readonly string[]): Lowering {
  return (module, ctx, inputs) => {
    const x = ctx.value(module, inputs);
    if (boolAttr(module, 'add_maxpool', false)) {
      throw ctx.unsupported(module, 'it adds the maximum to the mean (add_maxpool)');
    }
    const scale = chain(ctx, module, ctx.graph.op('GlobalAveragePool', [x]), names);
    return ctx.graph.op('Mul', [x, scale]);
  };
}

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

/** The pooling inside, and then perhaps a flattening: a module, or in old files a flag. */
const lowerSelectPool: Lowering = (module, ctx, inputs) => {
  const pooled = chain(ctx, module, ctx.value(module, inputs), ['pool?', 'flatten?']);
  return module.attr('flatten') === true ? flattenImage(ctx, pooled) : pooled;
};

type Pool = (ctx: LoweringContext, x: Value) => Value;

const average: Pool = ({ graph }, x) => graph.op('GlobalAveragePool', [x]);
const maximum: Pool = ({ graph }, x) => graph.op('GlobalMaxPool', [x]);
const both: Pool = (ctx, x) =>
  ctx.graph.op('Concat', [average(ctx, x), maximum(ctx, x)], { axis: 1 });
const half: Pool = (ctx, x) =>
  ctx.graph.op('Mul', [
    ctx.graph.op('Add', [average(ctx, x), maximum(ctx, x)]),
    ctx.graph.scalar(0.5),
  ]);

function pooling(pool: Pool): Lowering {
  return (module, ctx, inputs) => {
    const x = ctx.value(module, inputs);
    checkFormat(module, ctx);
    const pooled = pool(ctx, x);
    return boolAttr(module, 'flatten', false) ? flattenImage(ctx, pooled) : pooled;
  };
}

/** They pool over dimensions 2 and 3 of images with the channels first. */
function checkFormat(module: Module, ctx: LoweringContext): void {
  const dim = module.attr('dim');
  if (Array.isArray(dim) && dim.map(Number).join() !== '2,3') {
    throw ctx.unsupported(module, 'it pools images with the channels last');
  }
}

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
const activationNames = (...classes: readonly string[]): string[] => [
  ...layerNames('activations', ...classes),
  ...layerNames('activations_jit', ...classes.map((name) => `${name}Jit`)),
  ...layerNames('activations_me', ...classes.map((name) => `${name}Me`)),
];

const passThrough: Lowering = (module, ctx, inputs) => ctx.value(module, inputs);

/** What timm's models are made of. @internal */
export const timmLayers: LoweringFamily = {
  lowerings: [
    [layerNames('conv2d_same', 'Conv2dSame'), lowerConvSame],
    [layerNames('norm_act', 'BatchNormAct2d'), lowerBatchNormAct],
    [layerNames('norm', 'LayerNorm', 'LayerNormFp32'), lowerLayerNorm],
    [
      [...layerNames('norm', 'LayerNorm2d', 'LayerNorm2dFp32'), 'timm.models.convnext.LayerNorm2d'],
      lowerLayerNorm2d,
    ],
    [layerNames('mlp', 'Mlp'), chained('fc1', 'act', 'norm?', 'fc2')],
    [layerNames('mlp', 'ConvMlp'), chained('fc1', 'norm?', 'act', 'fc2')],
    [layerNames('mlp', 'GlobalResponseNormMlp'), chained('fc1', 'act', 'grn', 'fc2')],
    [layerNames('grn', 'GlobalResponseNorm'), lowerResponseNorm],
    [
      [
        ...layerNames('squeeze_excite', 'SEModule', 'SqueezeExcite'),
        ...layerNames('se', 'SEModule'),
      ],
      excitation('fc1', 'bn?', 'act', 'fc2', 'gate'),
    ],
    [layerNames('squeeze_excite', 'EffectiveSEModule'), excitation('fc', 'gate')],
    [
      [
        'timm.models._efficientnet_blocks.SqueezeExcite',
        'timm.models.efficientnet_blocks.SqueezeExcite',
      ],
      excitation('conv_reduce', 'act1', 'conv_expand', 'gate'),
    ],
    [
      [...layerNames('layer_scale', 'LayerScale'), 'timm.models.vision_transformer.LayerScale'],
      lowerLayerScale,
    ],
    [layerNames('adaptive_avgmax_pool', 'SelectAdaptivePool2d'), lowerSelectPool],
    [
      layerNames('adaptive_avgmax_pool', 'FastAdaptiveAvgPool2d', 'FastAdaptiveAvgPool'),
      pooling(average),
    ],
    [layerNames('adaptive_avgmax_pool', 'FastAdaptiveMaxPool'), pooling(maximum)],
    [
      layerNames('adaptive_avgmax_pool', 'FastAdaptiveAvgMaxPool', 'AdaptiveAvgMaxPool2d'),
      pooling(half),
    ],
    [
      layerNames('adaptive_avgmax_pool', 'FastAdaptiveCatAvgMaxPool', 'AdaptiveCatAvgMaxPool2d'),
      pooling(both),
    ],
    [
      layerNames('classifier', 'NormMlpClassifierHead'),
      chained('global_pool', 'norm', 'flatten', 'pre_logits', 'fc'),
    ],
    [layerNames('classifier', 'ClassifierHead'), chained('global_pool', 'fc', 'flatten?')],
    [activationNames('GELU'), activation(gelu)],
    [activationNames('GELUTanh'), activation(geluTanh)],
    [activationNames('QuickGELU'), quickGelu],
    [activationNames('Sigmoid'), single('Sigmoid')],
    [activationNames('Tanh'), single('Tanh')],
    [activationNames('Swish'), silu],
    [activationNames('Mish'), mish],
    [activationNames('HardSwish'), single('HardSwish')],
    [activationNames('HardSigmoid'), hardSigmoid],
    [
      [
        ...layerNames('drop', 'DropPath', 'DropBlock2d'),
        ...layerNames('patch_dropout', 'PatchDropout'),
      ],
      passThrough,
    ],
  ],
};
