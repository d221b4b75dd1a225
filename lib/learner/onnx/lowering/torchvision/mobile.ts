import type { Module } from '../../../torch/module.js';
import type { Value } from '../../graph.js';
import { boolAttr, intAttr } from '../attributes.js';
import { chain, flattenImage, pooledFeatures, splitChannels } from '../blocks.js';
import type { LoweringContext } from '../context.js';
import { lowerSequential } from '../containers.js';
import type { Lowering, LoweringFamily } from '../lowering.js';
import { channelsOf } from '../spatial.js';

/** A block with a shortcut where its sizes allow one. */
function shortcut(body: string): Lowering {
  return (module, ctx, inputs) => {
    const x = ctx.value(module, inputs);
    const result = chain(ctx, module, x, [body]);
    return boolAttr(module, 'use_res_connect') ? ctx.graph.op('Add', [result, x]) : result;
  };
}

/** Each channel times what the means of all channels say about it. */
const lowerSqueezeExcitation: Lowering = (module, ctx, inputs) => {
  const x = ctx.value(module, inputs);
  const scale = module.child('avgpool')
    ? chain(ctx, module, x, ['avgpool', 'fc1', 'activation', 'fc2', 'scale_activation'])
    : oldScale(module, ctx, x);
  return ctx.graph.op('Mul', [scale, x]);
};

/** torchvision 0.9 and 0.10: MobileNetV3 with relu and hard sigmoid, EfficientNet with modules. */
function oldScale(module: Module, ctx: LoweringContext, x: Value): Value {
  const pooled = ctx.graph.op('GlobalAveragePool', [x]);
  const scale = chain(ctx, module, pooled, ['fc1', 'relu', 'fc2']);
  return ctx.graph.op('HardSigmoid', [scale], { alpha: 1 / 6, beta: 0.5 });
}

/** MobileNetV2 pools by a function, the later models by a module. */
const lowerMobileNetV2: Lowering = (module, ctx, inputs) => {
  const features = chain(ctx, module, ctx.value(module, inputs), ['features']);
  return chain(ctx, module, pooledFeatures(ctx, features), ['classifier']);
};

const lowerPooled: Lowering = (module, ctx, inputs) => {
  const features = chain(ctx, module, ctx.value(module, inputs), ['features', 'avgpool']);
  return chain(ctx, module, flattenImage(ctx, features), ['classifier']);
};

const lowerShuffleBlock: Lowering = (module, ctx, inputs) => {
  const x = ctx.value(module, inputs);
  const { graph } = ctx;
  const halves =
    intAttr(module, 'stride') === 1
      ? splitChannels(ctx, x, channelsOf(module, ctx, x), 2)
      : undefined;
  const [first, second] = halves
    ? [halves[0]!, chain(ctx, module, halves[1]!, ['branch2'])]
    : [chain(ctx, module, x, ['branch1']), chain(ctx, module, x, ['branch2'])];
  return shuffled(module, ctx, graph.op('Concat', [first, second], { axis: 1 }));
};

/** The channels of two groups, taken in turns. */
function shuffled(module: Module, ctx: LoweringContext, x: Value): Value {
  const { graph } = ctx;
  const channels = channelsOf(module, ctx, x);
  // Pixels are one dimension: rank 4 is enough, and faster.
  const grouped = graph.op('Reshape', [x, graph.axes(0, 2, channels / 2, -1)]);
  const mixed = graph.op('Transpose', [grouped], { perm: [0, 2, 1, 3] });
  const sizes = x.shape?.slice(2) ?? [];
  const target = sizes.every((size) => typeof size === 'number')
    ? graph.axes(0, channels, ...(sizes as number[]))
    : graph.op('Concat', [graph.axes(0, channels), graph.op('Shape', [x], { start: 2 })], {
        axis: 0,
      });
  return graph.assume(graph.op('Reshape', [mixed, target]), x.shape ?? []);
}

const lowerShuffleNet: Lowering = (module, ctx, inputs) => {
  const features = chain(ctx, module, ctx.value(module, inputs), [
    'conv1',
    'maxpool',
    'stage2',
    'stage3',
    'stage4',
    'conv5',
  ]);
  return chain(ctx, module, pooledFeatures(ctx, features), ['fc']);
};

const convNormActivations = [
  'torchvision.ops.misc.ConvNormActivation',
  'torchvision.ops.misc.Conv2dNormActivation',
  'torchvision.models.mobilenet.ConvBNReLU',
  'torchvision.models.mobilenetv2.ConvBNReLU',
  'torchvision.models.mobilenetv2.ConvBNActivation',
];

/** MobileNet v2 and v3, EfficientNet v1 and v2, ShuffleNet. */
export const mobiles: LoweringFamily = {
  lowerings: [
    [convNormActivations, lowerSequential],
    [
      [
        'torchvision.models.mobilenet.InvertedResidual',
        'torchvision.models.mobilenetv2.InvertedResidual',
      ],
      shortcut('conv'),
    ],
    [
      [
        'torchvision.models.mobilenetv3.InvertedResidual',
        'torchvision.models.efficientnet.MBConv',
        'torchvision.models.efficientnet.FusedMBConv',
      ],
      shortcut('block'),
    ],
    [
      [
        'torchvision.ops.misc.SqueezeExcitation',
        'torchvision.models.mobilenetv3.SqueezeExcitation',
        'torchvision.models.efficientnet.SqueezeExcitation',
      ],
      lowerSqueezeExcitation,
    ],
    [
      ['torchvision.models.mobilenetv2.MobileNetV2', 'torchvision.models.mobilenet.MobileNetV2'],
      lowerMobileNetV2,
    ],
    [
      [
        'torchvision.models.mobilenetv3.MobileNetV3',
        'torchvision.models.efficientnet.EfficientNet',
      ],
      lowerPooled,
    ],
    [['torchvision.models.shufflenetv2.InvertedResidual'], lowerShuffleBlock],
    [['torchvision.models.shufflenetv2.ShuffleNetV2'], lowerShuffleNet],
  ],
};
