import { lowerSequential } from '../containers.js';
import type { Lowering } from '../context.js';
import type { Expression } from '../expression.js';
import { forward, joined, plus } from '../forward.js';
import type { LoweringFamily } from '../lowering.js';
import { shuffleChannels } from '../rearranging.js';
import type { Scope } from '../scope.js';
import { averaging, pooling } from './classic.js';

/** A block with a shortcut if its sizes allow one. */
function shortcut(body: string): Lowering {
  return forward((m, x) => {
    const result = m.run(x, body);
    return m.bool('use_res_connect') ? result.add(x) : result;
  });
}

/** Multiplies each channel by a factor that depends on the means of all channels. */
const squeezeExcitation = forward((m, x) =>
  (m.has('avgpool') ? m.run(x, 'avgpool fc1 activation fc2 scale_activation') : oldScale(m, x)).mul(
    x,
  ),
);

/** torchvision 0.9 and 0.10: MobileNetV3 with relu and hard sigmoid, EfficientNet with modules. */
function oldScale(m: Scope, x: Expression): Expression {
  const scale = m.run(x.op('GlobalAveragePool'), 'fc1 relu fc2');
  return scale.op('HardSigmoid', { alpha: 1 / 6, beta: 0.5 });
}

const shuffled = (m: Scope, first: Expression, second: Expression): Expression =>
  shuffleChannels(m, joined([first, second]), 2);

const shuffleBlock = forward((m, x) => {
  if (m.int('stride') !== 1) return shuffled(m, m.run(x, 'branch1'), m.run(x, 'branch2'));
  const [kept, changed] = x.chunk(1, 2);
  return shuffled(m, kept, m.run(changed, 'branch2'));
});

/** MobileNet v2 and v3, EfficientNet v1 and v2, ShuffleNet, MNASNet. */
export const mobiles: LoweringFamily = {
  lowerings: {
    'torchvision.ops.misc': {
      'ConvNormActivation|Conv2dNormActivation': lowerSequential,
      SqueezeExcitation: squeezeExcitation,
    },
    'torchvision.models.mobilenet|torchvision.models.mobilenetv2': {
      ConvBNReLU: lowerSequential,
      InvertedResidual: shortcut('conv'),
      MobileNetV2: averaging('features', 'classifier'),
    },
    'torchvision.models.mobilenetv2': { ConvBNActivation: lowerSequential },
    'torchvision.models.mobilenetv3': {
      InvertedResidual: shortcut('block'),
      SqueezeExcitation: squeezeExcitation,
      MobileNetV3: pooling('features avgpool', 'classifier'),
    },
    'torchvision.models.efficientnet': {
      'MBConv|FusedMBConv': shortcut('block'),
      SqueezeExcitation: squeezeExcitation,
      EfficientNet: pooling('features avgpool', 'classifier'),
    },
    'torchvision.models.shufflenetv2': {
      InvertedResidual: shuffleBlock,
      ShuffleNetV2: averaging('conv1 maxpool stage2 stage3 stage4 conv5', 'fc'),
    },
    'torchvision.models.mnasnet': {
      _InvertedResidual: forward((m, x) =>
        m.bool('apply_residual') ? plus(m, x, 'layers') : m.run(x, 'layers'),
      ),
      MNASNet: forward((m, x) => m.run(m.run(x, 'layers').mean([2, 3]), 'classifier')),
    },
  },
};
