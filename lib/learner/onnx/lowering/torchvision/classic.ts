import { lowerSequential, passThrough } from '../containers.js';
import type { Lowering } from '../context.js';
import type { Expression } from '../expression.js';
import { chained, forward, plus, residual, sideBySide } from '../forward.js';
import { lowerLayerNorm2d } from '../image-norm.js';
import type { LoweringFamily } from '../lowering.js';

/** [batch, channels, 1, 1] to [batch, channels]. */
const flat = (x: Expression): Expression => x.op('Flatten', { axis: 1 });

/** A model whose features include their pooling, and are flattened for the layers after it. */
export const pooling = (features: string, head: string): Lowering =>
  forward((m, x) => m.run(flat(m.run(x, features)), head));

/** A model that takes the mean over all pixels itself. */
export const averaging = (features: string, head: string, relu = false): Lowering =>
  forward((m, x) => {
    const y = m.run(x, features);
    return m.run(flat((relu ? y.relu() : y).op('GlobalAveragePool')), head);
  });

/** Each layer takes the outputs of all earlier layers. */
export const denseBlock = forward((m, x) =>
  m.children().reduce((features, layer) => features.concat(1, m.call(layer, features)), x),
);

const convNeXtBlock = forward((m, x) => {
  const scale = m.requiredWeight('layer_scale');
  return scale.mul(m.run(x, 'block')).add(x);
});

const encoderBlock = forward((m, x) => {
  const normal = m.run(x, 'ln_1');
  const y = m.callChild('self_attention', normal, normal, normal).add(x);
  return plus(m, y, 'ln_2 mlp');
});

const visionTransformer = forward((m, x) => {
  const patches = m.run(x, 'conv_proj');
  const token = m.requiredWeight('class_token');
  const rows = patches.reshape(0, patches.size(1), -1).permute(0, 2, 1);
  return m.run(m.run(token.expandTo(rows).concat(1, rows), 'encoder').select(1, 0), 'heads');
});

/** torchvision before 0.13 named the layers of the block. */
const mlpBlock: Lowering = (module, ctx, inputs) =>
  (module.child('linear_1') ? chained('linear_1 act linear_2') : lowerSequential)(
    module,
    ctx,
    inputs,
  );

/** Everything is in buffers. */
const frozenBatchNorm = forward((m, x) => {
  const operands = ['weight', 'bias', 'running_mean', 'running_var'].map((name) =>
    m.requiredWeight(name),
  );
  return x.op('BatchNormalization', { epsilon: m.number('eps', 1e-5) }, ...operands);
});

/**
 * Networks whose blocks are chains of layers, sums and concatenations of them; and shared layers.
 */
export const classics: LoweringFamily = {
  lowerings: {
    'torchvision.models.resnet': {
      BasicBlock: residual('conv1 bn1 relu conv2 bn2', 'relu'),
      Bottleneck: residual('conv1 bn1 relu conv2 bn2 relu conv3 bn3', 'relu'),
      ResNet: pooling('conv1 bn1 relu maxpool layer1 layer2 layer3 layer4 avgpool', 'fc'),
    },
    'torchvision.models.squeezenet': {
      Fire: forward((m, x) =>
        sideBySide(
          m,
          m.run(x, 'squeeze squeeze_activation'),
          'expand1x1 expand1x1_activation',
          'expand3x3 expand3x3_activation',
        ),
      ),
      SqueezeNet: forward((m, x) => flat(m.run(x, 'features classifier'))),
    },
    'torchvision.models.vgg': { VGG: pooling('features avgpool', 'classifier') },
    'torchvision.models.alexnet': { AlexNet: pooling('features avgpool', 'classifier') },
    'torchvision.models.densenet': {
      _DenseLayer: chained('norm1 relu1 conv1 norm2 relu2 conv2'),
      _DenseBlock: denseBlock,
      _Transition: lowerSequential,
      DenseNet: averaging('features', 'classifier', true),
    },
    'torchvision.models.convnext': {
      LayerNorm2d: lowerLayerNorm2d,
      CNBlock: convNeXtBlock,
      ConvNeXt: chained('features avgpool classifier'),
    },
    'torchvision.models.regnet': {
      ResBottleneckBlock: residual('proj?', 'activation', 'f'),
      RegNet: pooling('stem trunk_output avgpool', 'fc'),
      'SimpleStemIN|BottleneckTransform|AnyStage': lowerSequential,
    },
    'torchvision.models.vision_transformer': {
      EncoderBlock: encoderBlock,
      Encoder: forward((m, x) => m.run(x.add(m.requiredWeight('pos_embedding')), 'layers ln')),
      VisionTransformer: visionTransformer,
      MLPBlock: mlpBlock,
    },
    'torchvision.ops.misc': {
      Permute: forward((m, x) => x.permute(...m.ints('dims'))),
      MLP: lowerSequential,
      FrozenBatchNorm2d: frozenBatchNorm,
    },
    'torchvision.ops.stochastic_depth': { StochasticDepth: passThrough },
    'torchvision.ops.drop_block': { DropBlock2d: passThrough },
  },
};
