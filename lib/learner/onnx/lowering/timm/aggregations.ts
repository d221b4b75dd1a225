import type { Module } from '../../../torch/module.js';
import { lowerSequential } from '../containers.js';
import type { Lowering } from '../context.js';
import type { Expression } from '../expression.js';
import {
  chained,
  forward,
  forwardList,
  forwardMany,
  residual,
  sideBySide,
  total,
} from '../forward.js';
import type { LoweringFamily } from '../lowering.js';
import type { Scope } from '../scope.js';
import { denseBlock } from '../torchvision/classic.js';
import { model } from './model.js';
import { cascade } from './resnets.js';

/** DLA: a shortcut may come from outside the block. */
function dlaBlock(main: (m: Scope, x: Expression) => Expression): Lowering {
  return forwardMany((m, [x, shortcut]) => m.run(main(m, x!).add(shortcut ?? x!), 'relu'));
}

const dlaRoot = forwardMany((m, inputs) => {
  const [first, ...others] = inputs as [Expression, ...Expression[]];
  const y = m.run(first.concat(1, ...others), 'conv bn');
  const shortcut = m.bool('shortcut', m.bool('residual', false));
  return m.run(shortcut ? y.add(first) : y, 'relu');
});

const isTree = (module: Module): boolean => module.className === 'timm.models.dla.DlaTree';

/** Two subtrees; their outputs and those of earlier subtrees are joined at the root. */
function dlaTree(m: Scope, x: Expression, before: readonly Expression[]): Expression {
  const bottom = m.run(x, 'downsample?');
  const shortcut = m.run(bottom, 'project?');
  const children = m.bool('level_root') ? [...before, bottom] : before;
  const [left, right] = [m.ctx.child(m.module, 'tree1'), m.ctx.child(m.module, 'tree2')];
  const first = isTree(left) ? dlaTree(m.enter(left), x, []) : m.call(left, x, shortcut);
  if (m.has('root')) return m.callChild('root', m.call(right, first), first, ...children);
  m.require(isTree(right), 'its second tree is not a DlaTree');
  return dlaTree(m.enter(right), first, [...children, first]);
}

const dualPath = forward((m, x) => {
  const split = m.int('num_1x1_c');
  const parts = (y: Expression): [Expression, Expression] => [
    y.slice(1, 0, split),
    y.slice(1, split),
  ];
  const wide = ['c1x1_w_s1', 'c1x1_w_s2'].find((name) => m.has(name));
  const [kept, grown] = parts(wide ? m.run(x, wide) : x);
  const y = m.run(x, 'c1x1_a c3x3_b c1x1_c');
  const [added, appended] = m.has('c1x1_c1')
    ? [m.run(y, 'c1x1_c1'), m.run(y, 'c1x1_c2')]
    : parts(y);
  return kept.add(added).concat(1, grown, appended);
});

/** VoVNet: layers in sequence, then all their outputs together. */
const osaBlock = forward((m, x) => {
  const results = [m.run(x, 'conv_reduction?')];
  for (const layer of m.inner('conv_mid').children()) results.push(m.call(layer, results.at(-1)!));
  const result = m.run(x.concat(1, ...results.slice(1)), 'conv_concat attn?');
  return m.bool('residual') ? result.add(x) : result;
});

/** HRNet: branches of several resolutions; each ends as a sum of all. */
const highResolution = forwardList((m, inputs) => {
  const branches = m.list('branches');
  const xs = branches.map((branch, i) => m.call(branch, inputs[i]!));
  if (m.int('num_branches') === 1) return [xs[0]!];
  return m.list('fuse_layers').map((outer) => {
    const layers = [...outer.children.values()];
    return m.run(total(layers.map((layer, j) => m.call(layer!, xs[j]!))), 'fuse_act');
  });
});

const isIdentity = (module: Module): boolean =>
  module.className === 'torch.nn.modules.linear.Identity';

/** New branches start from the coarsest one; the others continue unchanged. */
function transition(m: Scope, name: string, ys: readonly Expression[]): Expression[] {
  return m.list(name).map((layer, i) => (isIdentity(layer) ? ys[i]! : m.call(layer, ys.at(-1)!)));
}

function highResolutionFeatures(m: Scope, x: Expression): Expression {
  const stem = m.run(x, 'conv1 bn1 act1 conv2 bn2 act2 layer1');
  let ys = m.list('transition1').map((layer) => m.call(layer, stem));
  for (const stage of [2, 3, 4]) {
    ys = m.callList(m.ctx.child(m.module, `stage${stage}`), ys);
    if (stage < 4) ys = transition(m, `transition${stage}`, ys);
  }
  const [increase, decrease] = [m.list('incre_modules'), m.list('downsamp_modules')];
  m.require(increase.length > 0 && decrease.length > 0, 'it has no classification head');
  const joined = increase
    .slice(1)
    .reduce(
      (y, layer, i) => m.call(layer, ys[i + 1]!).add(m.call(decrease[i]!, y)),
      m.call(increase[0]!, ys[0]!),
    );
  return m.run(joined, 'final_layer');
}

/** CSPNet: half of the channels go through the blocks. */
const crossStage = forward((m, x) => {
  const [kept, changed] = halves(m, x);
  const result = m.run(changed, 'blocks conv_transition_b');
  return m.run(kept.concat(1, result), 'conv_transition');
});

const crossStage3 = forward((m, x) => {
  const [changed, kept] = halves(m, x);
  return m.run(m.run(changed, 'blocks').concat(1, kept), 'conv_transition');
});

function halves(m: Scope, x: Expression): [Expression, Expression] {
  const y = m.run(x, 'conv_down? conv_exp');
  // Old files do not store the number of channels.
  const half = Math.floor(m.int('expand_chs', y.size(1)) / 2);
  return [y.slice(1, 0, half), y.slice(1, half)];
}

const branches = (count: number): string[] => Array.from({ length: count }, (_, i) => `branch${i}`);

/** Inception: parallel branches, optionally scaled and added to the input. */
const branched = (count: number): Lowering =>
  forward((m, x) => sideBySide(m, x, ...branches(count)));

function scaledBranches(count: number, act: string): Lowering {
  return forward((m, x) => {
    const y = m.run(sideBySide(m, x, ...branches(count)), 'conv2d').mul(m.number('scale'));
    return m.run(y.add(x), act);
  });
}

const inceptionC = forward((m, x) => {
  const first = m.run(x, 'branch1_0');
  const second = m.run(x, 'branch2_0 branch2_1 branch2_2');
  return m
    .run(x, 'branch0')
    .concat(
      1,
      sideBySide(m, first, 'branch1_1a', 'branch1_1b'),
      sideBySide(m, second, 'branch2_3a', 'branch2_3b'),
      m.run(x, 'branch3'),
    );
});

/** Before timm 0.8, they had their own activations. */
const basicConv = chained('conv bn relu');

const pooledFc = 'global_pool fc flatten?';

/** Networks whose blocks join the outputs of several layers. */
export const aggregations: LoweringFamily = {
  lowerings: {
    'timm.models.densenet': {
      DenseNet: model('features', 'global_pool classifier'),
      DenseLayer: chained('norm1 conv1 norm2 conv2'),
      DenseBlock: denseBlock,
      DenseTransition: lowerSequential,
    },
    'timm.models.dla': {
      DLA: model('base_layer level0 level1 level2 level3 level4 level5', pooledFc),
      DlaBasic: dlaBlock((m, x) => m.run(x, 'conv1 bn1 relu conv2 bn2')),
      DlaBottleneck: dlaBlock((m, x) => m.run(x, 'conv1 bn1 relu conv2 bn2 relu conv3 bn3')),
      DlaBottle2neck: dlaBlock((m, x) =>
        m.run(cascade(m, m.run(x, 'conv1 bn1 relu')), 'conv3 bn3'),
      ),
      DlaRoot: dlaRoot,
      DlaTree: forward((m, x) => dlaTree(m, x, [])),
    },
    'timm.models.dpn': {
      DPN: model('features', 'global_pool classifier flatten?'),
      'BnAct|CatBnAct': chained('bn'),
      BnActConv2d: chained('bn conv'),
      DualPathBlock: dualPath,
    },
    'timm.models.vovnet': {
      VovNet: model('stem stages', 'head'),
      OsaBlock: osaBlock,
      OsaStage: chained('pool? blocks'),
    },
    'timm.models.hrnet': {
      HighResolutionNet: model(highResolutionFeatures, 'global_pool classifier'),
      HighResolutionModule: highResolution,
      SequentialList: lowerSequential,
    },
    'timm.models.cspnet': {
      'CspNet|CSPNet': model('stem stages', 'head'),
      'BottleneckBlock|ResBottleneck': residual('conv1 conv2 attn2? conv3 attn3?', 'act3'),
      'DarkBlock|EdgeBlock': forward((m, x) => {
        const names = [...m.module.children.keys()];
        const last = names.indexOf('attn') > names.indexOf('conv2');
        return x.add(m.run(x, last ? 'conv1 conv2 attn?' : 'conv1 attn? conv2'));
      }),
      CrossStage: crossStage,
      CrossStage3: crossStage3,
      DarkStage: chained('conv_down blocks'),
    },
    'timm.models.inception_resnet_v2': {
      InceptionResnetV2: model(
        'conv2d_1a conv2d_2a conv2d_2b maxpool_3a conv2d_3b conv2d_4a maxpool_5a mixed_5b repeat mixed_6a repeat_1 mixed_7a repeat_2 block8 conv2d_7b',
        'global_pool classif',
      ),
      'Mixed_5b|Mixed_7a': branched(4),
      Mixed_6a: branched(3),
      BasicConv2d: basicConv,
      Block35: scaledBranches(3, 'act? relu?'),
      Block17: scaledBranches(2, 'act? relu?'),
      Block8: scaledBranches(2, 'relu?'),
    },
    'timm.models.inception_v4': {
      InceptionV4: model('features', 'global_pool last_linear'),
      BasicConv2d: basicConv,
      Mixed3a: forward((m, x) => sideBySide(m, x, 'maxpool', 'conv')),
      Mixed4a: branched(2),
      Mixed5a: forward((m, x) => sideBySide(m, x, 'conv', 'maxpool')),
      'InceptionA|InceptionB': branched(4),
      'ReductionA|ReductionB': branched(3),
      InceptionC: inceptionC,
    },
  },
};
