import type { Lowering, LoweringContext } from '../context.js';
import type { Expression } from '../expression.js';
import { chained, forward, residual } from '../forward.js';
import { lowerLayerNorm2d } from '../image-norm.js';
import type { LoweringFamily } from '../lowering.js';
import { spatialSizes } from '../spatial.js';
import { model } from './model.js';

/** A block of an EfficientNet; before timm 0.6, its activations were separate layers. */
const inverted = (names: string): Lowering =>
  forward((m, x) => {
    const result = m.run(x, names);
    return m.bool('has_skip', m.bool('has_residual', false)) ? result.add(x) : result;
  });

const convNeXtBlock = forward((m, x) => {
  const y = m.run(x, 'conv_dw');
  const result = m.bool('use_conv_mlp', false)
    ? m.run(y, 'norm mlp')
    : m.run(y.channelsLast(), 'norm mlp').channelsFirst();
  const gamma = m.ctx.tensor(m.module, 'gamma')?.toFloat32();
  const scaled = gamma ? result.mul(m.constant(gamma, [gamma.length, 1, 1])) : result;
  return scaled.add(m.run(x, 'shortcut?'));
});

/** Graphs with stages of timm 0.5. */
const oldStages = new WeakSet<LoweringContext>();

/** timm 0.5 did not yet store whether a stage keeps its activations. */
const convNeXtStage = forward((m, x) => {
  if (m.attr('grad_checkpointing') === undefined) oldStages.add(m.ctx);
  return m.run(x, 'downsample blocks');
});

/**
 * After the norm of the stem, images have their channels last in memory, and for those timm 0.5
 * divided by the sample variance.
 */
const convNeXtNorm: Lowering = (module, ctx, inputs) => {
  const [height, width] = spatialSizes(module, ctx, ctx.value(module, inputs));
  if (!oldStages.has(ctx) || (height === 1 && width === 1)) {
    return lowerLayerNorm2d(module, ctx, inputs);
  }
  return sampleNorm(module, ctx, inputs);
};

const sampleNorm = forward((m, x) => {
  const centred = x.sub(x.mean([1], true));
  const variance = centred
    .mul(centred)
    .sum([1], true)
    .div(x.size(1) - 1);
  const normal = centred.div(variance.add(m.number('eps')).sqrt());
  const perChannel = (name: string): Expression => m.requiredWeight(name).reshape(-1, 1, 1);
  return normal.mul(perChannel('weight')).add(perChannel('bias'));
});

/** ResNet, EfficientNet, MobileNetV3 and ConvNeXt. */
export const convolutionals: LoweringFamily = {
  lowerings: {
    'timm.models.resnet': {
      ResNet: model('conv1 bn1 act1 maxpool layer1 layer2 layer3 layer4', 'global_pool fc'),
      BasicBlock: residual('conv1 bn1 drop_block? act1 aa? conv2 bn2 se?', 'act2'),
      Bottleneck: residual('conv1 bn1 act1 conv2 bn2 drop_block? act2 aa? conv3 bn3 se?', 'act3'),
    },
    'timm.models.efficientnet': {
      EfficientNet: model(
        'conv_stem bn1 act1? blocks conv_head bn2 act2?',
        'global_pool classifier',
      ),
    },
    'timm.models.mobilenetv3': {
      MobileNetV3: model(
        'conv_stem bn1 act1? blocks',
        'global_pool conv_head norm_head? act2 flatten? classifier',
      ),
    },
    'timm.models.convnext': {
      ConvNeXt: model('stem stages norm_pre?', 'head'),
      ConvNeXtBlock: convNeXtBlock,
      ConvNeXtStage: convNeXtStage,
      LayerNorm2d: convNeXtNorm,
      Downsample: chained('pool conv'),
    },
    'timm.models._efficientnet_blocks|timm.models.efficientnet_blocks': {
      ConvBnAct: inverted('conv bn1 act1? aa?'),
      DepthwiseSeparableConv: inverted(
        'conv_s2d? bn_s2d? conv_dw bn1 act1? aa? se? conv_pw bn2 act2?',
      ),
      InvertedResidual: inverted(
        'conv_s2d? bn_s2d? conv_pw bn1 act1? conv_dw bn2 act2? aa? se? conv_pwl bn3',
      ),
      EdgeResidual: inverted('conv_exp bn1 act1? aa? se? conv_pwl bn2'),
    },
  },
};
