import type { Lowering } from '../context.js';
import type { Expression } from '../expression.js';
import { forward, joined, sideBySide } from '../forward.js';
import type { LoweringFamily } from '../lowering.js';
import type { Scope } from '../scope.js';

/** Parallel branches of one input, each a chain of layers. */
function branches(...chains: readonly string[]): Lowering {
  return forward((m, x) => joined(chains.map((names) => branch(m, x, names))));
}

/** Names of layers; 'avg' and 'max' are the poolings that the forward does itself. */
function branch(m: Scope, x: Expression, names: string): Expression {
  return names.split(' ').reduce((y, name) => {
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

const mixedE = forward((m, x) =>
  m
    .run(x, 'branch1x1')
    .concat(
      1,
      sideBySide(m, m.run(x, 'branch3x3_1'), 'branch3x3_2a', 'branch3x3_2b'),
      sideBySide(
        m,
        m.run(x, 'branch3x3dbl_1 branch3x3dbl_2'),
        'branch3x3dbl_3a',
        'branch3x3dbl_3b',
      ),
      m.run(average(x), 'branch_pool'),
    ),
);

/** Converts from ImageNet's statistics to 0.5, for weights that were trained with 0.5. */
function transformed(m: Scope, x: Expression): Expression {
  if (!m.bool('transform_input', false)) return x;
  const perChannel = (values: readonly number[]): Expression => m.constant(values, [3, 1, 1]);
  const scale = perChannel([0.229, 0.224, 0.225].map((deviation) => deviation / 0.5));
  const shift = perChannel([0.485, 0.456, 0.406].map((mean) => (mean - 0.5) / 0.5));
  return x.mul(scale).add(shift);
}

/** All mixed blocks of Inception v3, in order. */
export const mixedLayers = ['5b', '5c', '5d', '6a', '6b', '6c', '6d', '6e', '7a', '7b', '7c']
  .map((name) => `Mixed_${name}`)
  .join(' ');

const transformedModel = (layers: string): Lowering =>
  forward((m, x) => m.run(m.run(transformed(m, x), layers).flatten(), 'fc'));

const inception3 = transformedModel(
  'Conv2d_1a_3x3 Conv2d_2a_3x3 Conv2d_2b_3x3 maxpool1 Conv2d_3b_1x1 Conv2d_4a_3x3 maxpool2 ' +
    `${mixedLayers} avgpool`,
);

const googLeNet = transformedModel(
  'conv1 maxpool1 conv2 conv3 maxpool2 inception3a inception3b maxpool3 inception4a inception4b ' +
    'inception4c inception4d inception4e maxpool4 inception5a inception5b avgpool',
);

const double = 'branch3x3dbl_1 branch3x3dbl_2 branch3x3dbl_3';
const sevens = (prefix: string, count: number): string =>
  Array.from({ length: count }, (_, i) => `${prefix}_${i + 1}`).join(' ');

/** The blocks of Inception v3, in torchvision and timm. */
export const inceptionBlocks: Readonly<Record<string, Lowering>> = {
  InceptionA: branches('branch1x1', 'branch5x5_1 branch5x5_2', double, 'avg branch_pool'),
  InceptionB: branches('branch3x3', double, 'max'),
  InceptionC: branches(
    'branch1x1',
    sevens('branch7x7', 3),
    sevens('branch7x7dbl', 5),
    'avg branch_pool',
  ),
  InceptionD: branches('branch3x3_1 branch3x3_2', sevens('branch7x7x3', 4), 'max'),
  InceptionE: mixedE,
};

const convNormRelu = forward((m, x) => m.run(x, 'conv bn').relu());

/** Inception v3 and GoogLeNet. */
export const inceptions: LoweringFamily = {
  lowerings: {
    'torchvision.models.inception': {
      ...inceptionBlocks,
      BasicConv2d: convNormRelu,
      Inception3: inception3,
    },
    'torchvision.models.googlenet': {
      BasicConv2d: convNormRelu,
      Inception: branches('branch1', 'branch2', 'branch3', 'branch4'),
      GoogLeNet: googLeNet,
    },
  },
};
