import { lowerSequential } from '../containers.js';
import type { Lowering } from '../context.js';
import type { Expression } from '../expression.js';
import { chained, forward, forwardList, joined, residual, total } from '../forward.js';
import type { LoweringFamily } from '../lowering.js';
import type { Scope } from '../scope.js';
import { model } from './model.js';

/** The block normalizes before its convolutions, and a projected shortcut starts after that. */
function preActivated(main: string): Lowering {
  return forward((m, x) => {
    const active = m.run(x, 'norm1');
    const shortcut = m.has('downsample') ? m.run(active, 'downsample') : x;
    return m.run(active, main).add(shortcut);
  });
}

/**
 * RegNet: a block without a shortcut module has no shortcut. Before timm 0.6 it had an identity
 * shortcut, which is a module of its own since then.
 */
const regNetBlock = forward((m, x) => {
  const y = m.run(x, 'conv1 conv2 se? conv3');
  if (m.has('downsample')) return m.run(y.add(m.run(x, 'downsample')), 'act3');
  const same = [1, 2, 3].every((axis) => x.size(axis) === y.size(axis));
  const dilation = m.inner('conv2').inner('conv').pair('dilation', 1);
  m.require(
    !same || dilation.every((by) => by === 1),
    'whether it has a shortcut depends on the version of timm that wrote it',
  );
  return m.run(same ? y.add(x) : y, 'act3');
});

const regNetPreBlock = forward((m, x) => {
  const active = m.run(x, 'norm1');
  const y = m.run(active, 'conv1 norm2 conv2 se? norm3 conv3');
  return m.has('downsample') ? y.add(m.run(active, 'downsample')) : y;
});

/** Res2Net: parts of the channels, each convolved together with the output of the previous part. */
export function cascade(m: Scope, x: Expression): Expression {
  const parts = x.chunk(1, x.size(1) / m.int('width'));
  const [convs, norms] = [m.list('convs'), m.list('bns')];
  const first = m.bool('is_first');
  const results: Expression[] = [];
  for (const [i, conv] of convs.entries()) {
    const before = results.at(-1);
    const input = before && !first ? before.add(parts[i]!) : parts[i]!;
    results.push(m.run(m.call(norms[i]!, m.call(conv, input)), 'relu'));
  }
  if (m.int('scale') > 1) results.push(m.run(parts.at(-1)!, 'pool?'));
  return joined(results);
}

const bottle2neck = forward((m, x) => {
  const y = cascade(m, m.run(x, 'conv1 bn1 relu'));
  const sum = m.run(y, 'conv3 bn3 se?').add(m.run(x, 'downsample?'));
  return m.run(sum, 'relu');
});

/** The old SE networks, whose blocks share one activation. */
const seBlock = (main: string): Lowering => residual(`${main} se_module`, 'relu');

const selectBlock = forwardList((m, inputs) => {
  const [x, skip] = inputs as [Expression, Expression | undefined];
  const first = m.run(x, 'conv1');
  const second = m.run(first, 'conv2 conv3');
  const third = m.run(second, 'conv4 conv5');
  if (m.bool('is_first')) {
    const out = m.run(first.concat(1, second, third), 'conv6');
    return [out, out];
  }
  if (!skip) throw m.refusal('it receives nothing from an earlier block');
  return [m.run(first.concat(1, second, third, skip), 'conv6'), skip];
});

function selectFeatures(m: Scope, x: Expression): Expression {
  const parts = m.callList(m.ctx.child(m.module, 'features'), [m.run(x, 'stem')]);
  const choice = m.inner('from_seq');
  const indexed = choice.string('mode') === 'index';
  return m.run(indexed ? parts[choice.int('index')]! : joined(parts), 'head');
}

/** Blocks of the networks that are built from a description. */
function byob(main: string): Lowering {
  return forward((m, x) => {
    const y = m.run(x, main);
    return m.run(m.has('shortcut') ? y.add(m.run(x, 'shortcut')) : y, 'act');
  });
}

/** Several branches in training, or the single convolution that they were merged into. */
const repVgg = forward((m, x) => {
  if (m.has('reparam_conv')) return m.run(x, 'reparam_conv attn act');
  const sum = m.run(x, 'conv_1x1').add(m.run(x, 'conv_kxk'));
  return m.run(m.has('identity') ? sum.add(m.run(x, 'identity')) : sum, 'attn act');
});

export function mobileOne(attention: string): Lowering {
  return forward((m, x) => {
    if (m.has('reparam_conv')) return m.run(x, `reparam_conv ${attention} act`);
    const branches = [
      ...(m.has('conv_scale') ? [m.run(x, 'conv_scale')] : []),
      ...m.list('conv_kxk').map((child) => m.call(child, x)),
      ...(m.has('identity') ? [m.run(x, 'identity')] : []),
    ];
    m.require(branches.length > 0, 'it has no branch');
    return m.run(total(branches), `${attention} act`);
  });
}

/** Networks of residual blocks with convolutions. */
export const resnets: LoweringFamily = {
  lowerings: {
    'timm.models.resnetv2': {
      ResNetV2: model('stem stages norm', 'head'),
      PreActBasic: preActivated('conv1 norm2 conv2'),
      PreActBottleneck: preActivated('conv1 norm2 conv2 norm3 conv3'),
      Bottleneck: residual('conv1 norm1 conv2 norm2 conv3 norm3', 'act3'),
      DownsampleConv: chained('conv norm'),
      DownsampleAvg: chained('pool conv norm'),
      ResNetStage: chained('blocks'),
    },
    'timm.models.regnet': {
      RegNet: model('stem s1 s2 s3 s4 final_conv?', 'head'),
      Bottleneck: regNetBlock,
      PreBottleneck: regNetPreBlock,
      RegStage: lowerSequential,
    },
    'timm.models.senet': {
      SENet: model('layer0 pool0 layer1 layer2 layer3 layer4', 'global_pool last_linear'),
      SEModule: forward((m, x) => x.mul(m.run(x.mean([2, 3], true), 'fc1 relu fc2 sigmoid'))),
      'SEBottleneck|SEResNetBottleneck|SEResNeXtBottleneck': seBlock(
        'conv1 bn1 relu conv2 bn2 relu conv3 bn3',
      ),
      SEResNetBlock: seBlock('conv1 bn1 relu conv2 bn2 relu'),
    },
    'timm.models.tresnet': {
      TResNet: model('body', 'head'),
      BasicBlock: residual('conv1 conv2 se?', 'act'),
      Bottleneck: residual('conv1 conv2 se? conv3', 'act'),
    },
    'timm.models.selecsls': {
      'SelecSls|SelecSLS': model(selectFeatures, 'global_pool fc'),
      SequentialList: lowerSequential,
      'SelecSlsBlock|SelecSLSBlock': selectBlock,
    },
    'timm.models.byobnet': {
      ByobNet: model('stem stages final_conv', 'head'),
      Stem: lowerSequential,
      DownsampleAvg: chained('pool conv'),
      BasicBlock: byob('conv1_kxk attn conv2_kxk attn_last'),
      BottleneckBlock: byob('conv1_1x1 conv2_kxk conv2b_kxk? attn conv3_1x1 attn_last'),
      DarkBlock: byob('conv1_1x1 attn conv2_kxk attn_last'),
      EdgeBlock: byob('conv1_kxk attn conv2_1x1 attn_last'),
      SelfAttnBlock: byob('conv1_1x1 conv2_kxk self_attn post_attn conv3_1x1'),
      RepVggBlock: repVgg,
      MobileOneBlock: mobileOne('attn'),
    },
    'timm.models.resnest': {
      ResNestBottleneck: residual(
        'conv1 bn1 act1 avd_first? conv2 bn2 drop_block? act2 avd_last? conv3 bn3',
        'act3',
      ),
    },
    'timm.models.sknet': {
      SelectiveKernelBasic: residual('conv1 conv2 se?', 'act'),
      SelectiveKernelBottleneck: residual('conv1 conv2 conv3 se?', 'act'),
    },
    'timm.models.res2net': { Bottle2neck: bottle2neck },
  },
};
