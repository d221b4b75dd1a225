import type { Module } from '../../../torch/module.js';
import type { Value } from '../../graph.js';
import { boolAttr } from '../attributes.js';
import { chain } from '../blocks.js';
import type { LoweringContext } from '../context.js';
import { perChannel } from '../image-norm.js';
import type { Lowering, LoweringFamily } from '../lowering.js';

/** A residual block: the main path, and a shortcut that may be fitted to it. */
function residual(main: readonly string[], act: string): Lowering {
  return (module, ctx, inputs) => {
    const x = ctx.value(module, inputs);
    const sum = ctx.graph.op('Add', [
      chain(ctx, module, x, main),
      chain(ctx, module, x, ['downsample?']),
    ]);
    return ctx.lower(ctx.child(module, act), [sum]);
  };
}

/** A block of an EfficientNet; before timm 0.6 its activations were layers of their own. */
function inverted(...names: readonly string[]): Lowering {
  return (module, ctx, inputs) => {
    const x = ctx.value(module, inputs);
    const result = chain(ctx, module, x, names);
    const skips = boolAttr(module, 'has_skip', boolAttr(module, 'has_residual', false));
    return skips ? ctx.graph.op('Add', [result, x]) : result;
  };
}

const blockNames = (name: string): string[] => [
  `timm.models._efficientnet_blocks.${name}`,
  `timm.models.efficientnet_blocks.${name}`,
];

const lowerConvNeXtBlock: Lowering = (module, ctx, inputs) => {
  const x = ctx.value(module, inputs);
  const { graph } = ctx;
  let result = chain(ctx, module, x, ['conv_dw']);
  if (boolAttr(module, 'use_conv_mlp', false)) {
    result = chain(ctx, module, result, ['norm', 'mlp']);
  } else {
    const last = graph.op('Transpose', [result], { perm: [0, 2, 3, 1] });
    result = graph.op('Transpose', [chain(ctx, module, last, ['norm', 'mlp'])], {
      perm: [0, 3, 1, 2],
    });
  }
  const gamma = ctx.tensor(module, 'gamma');
  if (gamma) result = graph.op('Mul', [result, perChannel(ctx, gamma.toFloat32(), 4)]);
  return graph.op('Add', [result, chain(ctx, module, x, ['shortcut?'])]);
};

/** What a model gives before its head, and the head. */
interface Model {
  readonly features: readonly string[];
  readonly head: readonly string[];
}

const resnet: Model = {
  features: ['conv1', 'bn1', 'act1', 'maxpool', 'layer1', 'layer2', 'layer3', 'layer4'],
  head: ['global_pool', 'fc'],
};

const efficientnet: Model = {
  features: ['conv_stem', 'bn1', 'act1?', 'blocks', 'conv_head', 'bn2', 'act2?'],
  head: ['global_pool', 'classifier'],
};

const mobilenetV3: Model = {
  features: ['conv_stem', 'bn1', 'act1?', 'blocks'],
  head: ['global_pool', 'conv_head', 'norm_head?', 'act2', 'flatten?', 'classifier'],
};

const convnext: Model = {
  features: ['stem', 'stages', 'norm_pre?'],
  head: ['head'],
};

const models: ReadonlyMap<string, Model> = new Map([
  ['timm.models.resnet.ResNet', resnet],
  ['timm.models.efficientnet.EfficientNet', efficientnet],
  ['timm.models.mobilenetv3.MobileNetV3', mobilenetV3],
  ['timm.models.convnext.ConvNeXt', convnext],
]);

function features(module: Module, ctx: LoweringContext, x: Value): Value {
  const model = models.get(module.className);
  if (!model) {
    throw ctx.unsupported(
      module,
      'a model of timm whose features cannot be taken without its head',
    );
  }
  return ctx.graph.scoped(module.path, () => chain(ctx, module, x, model.features));
}

const lowerModel: Lowering = (module, ctx, inputs) => {
  const x = features(module, ctx, ctx.value(module, inputs));
  return chain(ctx, module, x, models.get(module.className)!.head);
};

/** fastai's TimmBody: the features of a model that pools, all of one that does not. */
const lowerTimmBody: Lowering = (module, ctx, inputs) => {
  const x = ctx.value(module, inputs);
  const model = ctx.child(module, 'model');
  if (!boolAttr(module, 'needs_pool', false)) return ctx.lower(model, [x]);
  ctx.checkHooks(model);
  return features(model, ctx, x);
};

/** @internal */
export const timmModels: LoweringFamily = {
  lowerings: [
    [['fastai.vision.learner.TimmBody'], lowerTimmBody],
    [[...models.keys()], lowerModel],
    [
      ['timm.models.resnet.BasicBlock'],
      residual(['conv1', 'bn1', 'drop_block?', 'act1', 'aa?', 'conv2', 'bn2', 'se?'], 'act2'),
    ],
    [
      ['timm.models.resnet.Bottleneck'],
      residual(
        [
          'conv1',
          'bn1',
          'act1',
          'conv2',
          'bn2',
          'drop_block?',
          'act2',
          'aa?',
          'conv3',
          'bn3',
          'se?',
        ],
        'act3',
      ),
    ],
    [blockNames('ConvBnAct'), inverted('conv', 'bn1', 'act1?', 'aa?')],
    [
      blockNames('DepthwiseSeparableConv'),
      inverted(
        'conv_s2d?',
        'bn_s2d?',
        'conv_dw',
        'bn1',
        'act1?',
        'aa?',
        'se?',
        'conv_pw',
        'bn2',
        'act2?',
      ),
    ],
    [
      blockNames('InvertedResidual'),
      inverted(
        'conv_s2d?',
        'bn_s2d?',
        'conv_pw',
        'bn1',
        'act1?',
        'conv_dw',
        'bn2',
        'act2?',
        'aa?',
        'se?',
        'conv_pwl',
        'bn3',
      ),
    ],
    [
      blockNames('EdgeResidual'),
      inverted('conv_exp', 'bn1', 'act1?', 'aa?', 'se?', 'conv_pwl', 'bn2'),
    ],
    [['timm.models.convnext.ConvNeXtBlock'], lowerConvNeXtBlock],
    [
      ['timm.models.convnext.ConvNeXtStage'],
      (module, ctx, inputs) =>
        chain(ctx, module, ctx.value(module, inputs), ['downsample', 'blocks']),
    ],
    [
      ['timm.models.convnext.Downsample'],
      (module, ctx, inputs) => chain(ctx, module, ctx.value(module, inputs), ['pool', 'conv']),
    ],
  ],
};
