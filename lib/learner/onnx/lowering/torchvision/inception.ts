import type { Expression } from '../expression.js';
import { forward } from '../forward.js';
import type { Scope } from '../scope.js';
import type { Lowering, LoweringFamily } from '../lowering.js';
import { lowerMnasNets } from './mnasnet.js';

/** Branches of one input, each a chain of layers, side by side. */
function branches(...chains: readonly (readonly string[])[]): Lowering {
  return forward((m, x) => {
    const [first, ...others] = chains.map((names) => branch(m, x, names));
    return first!.concat(1, ...others);
  });
}

/** Names of layers; 'avg' and 'max' are the poolings that the forward does itself. */
function branch(m: Scope, x: Expression, names: readonly string[]): Expression {
  return names.reduce((y, name) => {
    if (name === 'avg') return average(y);
    return name === 'max' ? maximum(y) : m.run(y, name);
  }, x);
}

function average(x: Expression): Expression {
  return x.op('AveragePool', {
    kernel_shape: [3, 3],
    strides: [1, 1],
    pads: [1, 1, 1, 1],
    count_include_pad: 1,
  });
}

function maximum(x: Expression): Expression {
  return x.op('MaxPool', { kernel_shape: [3, 3], strides: [2, 2] });
}

/** Two layers over one input, side by side, behind a chain. */
function forked(
  m: Scope,
  x: Expression,
  chain: readonly string[],
  ends: readonly [string, string],
): Expression {
  const y = m.run(x, ...chain);
  return m.run(y, ends[0]).concat(1, m.run(y, ends[1]));
}

const mixedE = forward((m, x) =>
  m
    .run(x, 'branch1x1')
    .concat(
      1,
      forked(m, x, ['branch3x3_1'], ['branch3x3_2a', 'branch3x3_2b']),
      forked(m, x, ['branch3x3dbl_1', 'branch3x3dbl_2'], ['branch3x3dbl_3a', 'branch3x3dbl_3b']),
      m.run(average(x), 'branch_pool'),
    ),
);

/** Statistics of ImageNet instead of 0.5, for weights that were trained on the latter. */
function transformed(m: Scope, x: Expression): Expression {
  if (!m.bool('transform_input', false)) return x;
  const [deviations, means] = [
    [0.229, 0.224, 0.225],
    [0.485, 0.456, 0.406],
  ];
  const scale = m.constant(
    deviations!.map((value) => value / 0.5),
    [3, 1, 1],
  );
  const shift = m.constant(
    means!.map((value) => (value - 0.5) / 0.5),
    [3, 1, 1],
  );
  return x.mul(scale).add(shift);
}

const inception3 = forward((m, x) => {
  const stem = m.run(
    transformed(m, x),
    'Conv2d_1a_3x3',
    'Conv2d_2a_3x3',
    'Conv2d_2b_3x3',
    'maxpool1',
    'Conv2d_3b_1x1',
    'Conv2d_4a_3x3',
    'maxpool2',
  );
  const mixed = ['5b', '5c', '5d', '6a', '6b', '6c', '6d', '6e', '7a', '7b', '7c'];
  const features = m.run(stem, ...mixed.map((name) => `Mixed_${name}`), 'avgpool');
  return m.run(features.flatten(), 'fc');
});

const googLeNet = forward((m, x) => {
  const features = m.run(
    transformed(m, x),
    'conv1',
    'maxpool1',
    'conv2',
    'conv3',
    'maxpool2',
    'inception3a',
    'inception3b',
    'maxpool3',
    ...['a', 'b', 'c', 'd', 'e'].map((name) => `inception4${name}`),
    'maxpool4',
    'inception5a',
    'inception5b',
    'avgpool',
  );
  return m.run(features.flatten(), 'fc');
});

const convNormRelu = forward((m, x) => m.run(x, 'conv', 'bn').relu());

const names = (module: string, ...classes: readonly string[]): string[] =>
  classes.map((name) => `torchvision.models.${module}.${name}`);

const double = ['branch3x3dbl_1', 'branch3x3dbl_2', 'branch3x3dbl_3'];
const sevens = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, i) => `${prefix}_${i + 1}`);

/** What Inception v3 is made of, where it lives. */
export function inceptionBlocks(home: string): LoweringFamily['lowerings'] {
  return [
    [
      [`${home}.InceptionA`],
      branches(['branch1x1'], ['branch5x5_1', 'branch5x5_2'], double, ['avg', 'branch_pool']),
    ],
    [[`${home}.InceptionB`], branches(['branch3x3'], double, ['max'])],
    [
      [`${home}.InceptionC`],
      branches(['branch1x1'], sevens('branch7x7', 3), sevens('branch7x7dbl', 5), [
        'avg',
        'branch_pool',
      ]),
    ],
    [
      [`${home}.InceptionD`],
      branches(['branch3x3_1', 'branch3x3_2'], sevens('branch7x7x3', 4), ['max']),
    ],
    [[`${home}.InceptionE`], mixedE],
  ];
}

/** Inception v3, GoogLeNet and MNASNet. */
export const inceptions: LoweringFamily = {
  lowerings: [
    ...inceptionBlocks('torchvision.models.inception'),
    [[...names('inception', 'BasicConv2d'), ...names('googlenet', 'BasicConv2d')], convNormRelu],
    [names('inception', 'Inception3'), inception3],
    [names('googlenet', 'Inception'), branches(['branch1'], ['branch2'], ['branch3'], ['branch4'])],
    [names('googlenet', 'GoogLeNet'), googLeNet],
    ...lowerMnasNets,
  ],
};
