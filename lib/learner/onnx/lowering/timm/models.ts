import { boolAttr } from '../attributes.js';
import { chain } from '../blocks.js';
import { perChannel } from '../image-norm.js';
import type { Lowering } from '../lowering.js';
import { model, type TimmFamily } from './model.js';

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

/** ResNet, EfficientNet, MobileNetV3 and ConvNeXt. */
export const convolutionals: TimmFamily = {
  models: [
    model(
      'resnet',
      'ResNet',
      ['conv1', 'bn1', 'act1', 'maxpool', 'layer1', 'layer2', 'layer3', 'layer4'],
      ['global_pool', 'fc'],
    ),
    model(
      'efficientnet',
      'EfficientNet',
      ['conv_stem', 'bn1', 'act1?', 'blocks', 'conv_head', 'bn2', 'act2?'],
      ['global_pool', 'classifier'],
    ),
    model(
      'mobilenetv3',
      'MobileNetV3',
      ['conv_stem', 'bn1', 'act1?', 'blocks'],
      ['global_pool', 'conv_head', 'norm_head?', 'act2', 'flatten?', 'classifier'],
    ),
    model('convnext', 'ConvNeXt', ['stem', 'stages', 'norm_pre?'], ['head']),
  ],
  blocks: [
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
