import { chained } from '../blocks.js';
import { lowerSequential } from '../containers.js';
import type { Expression } from '../expression.js';
import { forward, forwardList, residual, total } from '../forward.js';
import type { Scope } from '../scope.js';
import type { Lowering } from '../lowering.js';
import { model, modelNames, type TimmFamily } from './model.js';

/** Before its convolutions the block normalizes, and a fitted shortcut starts behind that. */
function preActivated(...main: readonly string[]): Lowering {
  return forward((m, x) => {
    const active = m.run(x, 'norm1');
    const shortcut = m.has('downsample') ? m.run(active, 'downsample') : x;
    return m.run(active, ...main).add(shortcut);
  });
}

/** RegNet: without a shortcut module there is no shortcut. */
const regNetBlock = forward((m, x) => {
  const y = m.run(x, 'conv1', 'conv2', 'se?', 'conv3');
  return m.run(m.has('downsample') ? y.add(m.run(x, 'downsample')) : y, 'act3');
});

const regNetPreBlock = forward((m, x) => {
  const active = m.run(x, 'norm1');
  const y = m.run(active, 'conv1', 'norm2', 'conv2', 'se?', 'norm3', 'conv3');
  return m.has('downsample') ? y.add(m.run(active, 'downsample')) : y;
});

/** Res2Net: parts of the channels, each convolved with what the part before it gave. */
export function cascade(m: Scope, x: Expression): Expression {
  const width = m.int('width');
  const parts = x.split(
    1,
    Array.from({ length: x.size(1) / width }, () => width),
  );
  const [convs, norms] = [m.list('convs'), m.list('bns')];
  const first = m.bool('is_first');
  const results: Expression[] = [];
  for (const [i, conv] of convs.entries()) {
    const before = results.at(-1);
    const input = before && !first ? before.add(parts[i]!) : parts[i]!;
    results.push(m.run(m.call(norms[i]!, m.call(conv, input)), 'relu'));
  }
  if (m.int('scale') > 1) results.push(m.run(parts.at(-1)!, 'pool?'));
  return results[0]!.concat(1, ...results.slice(1));
}

const bottle2neck = forward((m, x) => {
  const y = cascade(m, m.run(x, 'conv1', 'bn1', 'relu'));
  const sum = m.run(y, 'conv3', 'bn3', 'se?').add(m.run(x, 'downsample?'));
  return m.run(sum, 'relu');
});

/** The old SE networks, whose blocks share one activation. */
const seBlock = (...main: readonly string[]): Lowering => residual([...main, 'se_module'], 'relu');

const selectBlock = forwardList((m, inputs) => {
  const [x, skip] = inputs as [Expression, Expression | undefined];
  const first = m.run(x, 'conv1');
  const second = m.run(first, 'conv2', 'conv3');
  const third = m.run(second, 'conv4', 'conv5');
  if (m.bool('is_first')) {
    const out = m.run(first.concat(1, second, third), 'conv6');
    return [out, out];
  }
  if (!skip) throw m.refusal('it is given nothing from an earlier block');
  return [m.run(first.concat(1, second, third, skip), 'conv6'), skip];
});

function selectFeatures(m: Scope, x: Expression): Expression {
  const parts = m.callList(m.ctx.child(m.module, 'features'), [m.run(x, 'stem')]);
  const choice = m.inner('from_seq');
  const joined =
    choice.string('mode') === 'index'
      ? parts[choice.int('index')]!
      : parts[0]!.concat(1, ...parts.slice(1));
  return m.run(joined, 'head');
}

/** Blocks of the networks that are put together from a description. */
function byob(...main: readonly string[]): Lowering {
  return forward((m, x) => {
    const y = m.run(x, ...main);
    return m.run(m.has('shortcut') ? y.add(m.run(x, 'shortcut')) : y, 'act');
  });
}

/** Several branches at training, or one convolution that they became. */
const repVgg = forward((m, x) => {
  if (m.has('reparam_conv')) return m.run(x, 'reparam_conv', 'attn', 'act');
  const sum = m.run(x, 'conv_1x1').add(m.run(x, 'conv_kxk'));
  return m.run(m.has('identity') ? sum.add(m.run(x, 'identity')) : sum, 'attn', 'act');
});

export function mobileOne(attention: string): Lowering {
  return forward((m, x) => {
    if (m.has('reparam_conv')) return m.run(x, 'reparam_conv', attention, 'act');
    const branches = [
      ...(m.has('conv_scale') ? [m.run(x, 'conv_scale')] : []),
      ...m.list('conv_kxk').map((child) => m.call(child, x)),
      ...(m.has('identity') ? [m.run(x, 'identity')] : []),
    ];
    m.require(branches.length > 0, 'it has no branch');
    return m.run(total(branches), attention, 'act');
  });
}

const head = ['head'];

/** Networks of residual blocks with convolutions. */
export const resnets: TimmFamily = {
  models: [
    model('resnetv2', 'ResNetV2', ['stem', 'stages', 'norm'], head),
    model('regnet', 'RegNet', ['stem', 's1', 's2', 's3', 's4', 'final_conv?'], head),
    model(
      'senet',
      'SENet',
      ['layer0', 'pool0', 'layer1', 'layer2', 'layer3', 'layer4'],
      ['global_pool', 'last_linear'],
    ),
    model('tresnet', 'TResNet', ['body'], head),
    model('selecsls', 'SelecSls', selectFeatures, ['global_pool', 'fc']),
    model('byobnet', 'ByobNet', ['stem', 'stages', 'final_conv'], head),
  ],
  blocks: [
    [modelNames('resnetv2', 'PreActBasic'), preActivated('conv1', 'norm2', 'conv2')],
    [
      modelNames('resnetv2', 'PreActBottleneck'),
      preActivated('conv1', 'norm2', 'conv2', 'norm3', 'conv3'),
    ],
    [
      modelNames('resnetv2', 'Bottleneck'),
      residual(['conv1', 'norm1', 'conv2', 'norm2', 'conv3', 'norm3'], 'act3'),
    ],
    [modelNames('resnetv2', 'DownsampleConv'), chained('conv', 'norm')],
    [modelNames('resnetv2', 'DownsampleAvg'), chained('pool', 'conv', 'norm')],
    [modelNames('resnetv2', 'ResNetStage'), chained('blocks')],
    [modelNames('regnet', 'Bottleneck'), regNetBlock],
    [modelNames('regnet', 'PreBottleneck'), regNetPreBlock],
    [modelNames('regnet', 'RegStage'), lowerSequential],
    [
      modelNames('resnest', 'ResNestBottleneck'),
      residual(
        [
          'conv1',
          'bn1',
          'act1',
          'avd_first?',
          'conv2',
          'bn2',
          'drop_block?',
          'act2',
          'avd_last?',
          'conv3',
          'bn3',
        ],
        'act3',
      ),
    ],
    [modelNames('sknet', 'SelectiveKernelBasic'), residual(['conv1', 'conv2', 'se?'], 'act')],
    [
      modelNames('sknet', 'SelectiveKernelBottleneck'),
      residual(['conv1', 'conv2', 'conv3', 'se?'], 'act'),
    ],
    [
      modelNames('senet', 'SEModule'),
      forward((m, x) => x.mul(m.run(x.mean([2, 3], true), 'fc1', 'relu', 'fc2', 'sigmoid'))),
    ],
    [
      modelNames('senet', 'SEBottleneck', 'SEResNetBottleneck', 'SEResNeXtBottleneck'),
      seBlock('conv1', 'bn1', 'relu', 'conv2', 'bn2', 'relu', 'conv3', 'bn3'),
    ],
    [modelNames('senet', 'SEResNetBlock'), seBlock('conv1', 'bn1', 'relu', 'conv2', 'bn2', 'relu')],
    [modelNames('res2net', 'Bottle2neck'), bottle2neck],
    [modelNames('tresnet', 'BasicBlock'), residual(['conv1', 'conv2', 'se?'], 'act')],
    [modelNames('tresnet', 'Bottleneck'), residual(['conv1', 'conv2', 'se?', 'conv3'], 'act')],
    [modelNames('selecsls', 'SequentialList'), lowerSequential],
    [modelNames('selecsls', 'SelecSlsBlock', 'SelecSLSBlock'), selectBlock],
    [modelNames('byobnet', 'Stem'), lowerSequential],
    [modelNames('byobnet', 'DownsampleAvg'), chained('pool', 'conv')],
    [modelNames('byobnet', 'BasicBlock'), byob('conv1_kxk', 'attn', 'conv2_kxk', 'attn_last')],
    [
      modelNames('byobnet', 'BottleneckBlock'),
      byob('conv1_1x1', 'conv2_kxk', 'conv2b_kxk?', 'attn', 'conv3_1x1', 'attn_last'),
    ],
    [modelNames('byobnet', 'DarkBlock'), byob('conv1_1x1', 'attn', 'conv2_kxk', 'attn_last')],
    [modelNames('byobnet', 'EdgeBlock'), byob('conv1_kxk', 'attn', 'conv2_1x1', 'attn_last')],
    [
      modelNames('byobnet', 'SelfAttnBlock'),
      byob('conv1_1x1', 'conv2_kxk', 'self_attn', 'post_attn', 'conv3_1x1'),
    ],
    [modelNames('byobnet', 'RepVggBlock'), repVgg],
    [modelNames('byobnet', 'MobileOneBlock'), mobileOne('attn')],
  ],
};
