import { chained, forward, forwardMany, joined, sideBySide } from '../forward.js';
import type { Expression } from '../expression.js';
import type { LoweringFamily } from '../lowering.js';
import type { Scope } from '../scope.js';
import { model } from './model.js';

/** The combined output of two branches of a cell. */
const both = (m: Scope, index: number, left: Expression, right: Expression): Expression =>
  m.run(left, `comb_iter_${index}_left`).add(m.run(right, `comb_iter_${index}_right`));

/** Half of the channels from one pixel in four, half from its neighbour. */
const reduced = (m: Scope, x: Expression): Expression =>
  m.run(sideBySide(m, m.run(x, 'act'), 'path_1', 'path_2'), 'final_path_bn');

/** NASNet: cells that keep the size of the image. */
const keeping = (leftOf: (m: Scope, x: Expression) => Expression) =>
  forwardMany((m, [x, previous]) => {
    const [left, right] = [leftOf(m, previous!), m.run(x!, 'conv_1x1')];
    return joined([
      left,
      both(m, 0, right, left),
      both(m, 1, left, left),
      m.run(right, 'comb_iter_2_left').add(left),
      both(m, 3, left, left),
      m.run(right, 'comb_iter_4_left').add(right),
    ]);
  });

/** And those that halve it. */
function halved(m: Scope, x: Expression, other: Expression): Expression {
  const [first, second, third] = [both(m, 0, x, other), both(m, 1, x, other), both(m, 2, x, other)];
  const fourth = second.add(m.run(first, 'comb_iter_3_right'));
  return joined([second, third, fourth, both(m, 4, first, x)]);
}

const reduction = forwardMany((m, [x, previous]) =>
  halved(m, m.run(x!, 'conv_1x1'), m.run(previous!, 'conv_prev_1x1')),
);

const cells = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, i) => `cell_${from + i}`);

function nasNet(m: Scope, x: Expression): Expression {
  const first = m.run(x, 'conv0');
  const second = m.run(first, 'cell_stem_0');
  let [previous, y] = [second, m.callChild('cell_stem_1', first, second)];
  for (const [i, names] of [cells(0, 6), cells(6, 12), cells(12, 18)].entries()) {
    const reducer = `reduction_cell_${i - 1}`;
    // The cell after a reduction also takes the input of the reduction.
    if (i > 0) y = m.callChild(reducer, y, previous);
    for (const name of names) [previous, y] = [y, m.callChild(name, y, previous)];
  }
  return m.run(y, 'act');
}

/** PNASNet: one kind of cell. */
function combined(m: Scope, left: Expression, right: Expression): Expression {
  const third = both(m, 2, right, right);
  // If the size is kept, the last of them is the image itself.
  const last = m.run(left, 'comb_iter_4_left').add(m.run(right, 'comb_iter_4_right?'));
  return joined([
    both(m, 0, left, left),
    both(m, 1, right, right),
    third,
    both(m, 3, third, right),
    last,
  ]);
}

const progressive = forwardMany((m, [left, right]) =>
  combined(m, m.run(left!, 'conv_prev_1x1'), m.run(right!, 'conv_1x1')),
);

function pnasNet(m: Scope, x: Expression): Expression {
  const first = m.run(x, 'conv_0');
  let [left, right] = [first, m.run(first, 'cell_stem_0')];
  for (const name of ['cell_stem_1', ...cells(0, 12)]) {
    [left, right] = [right, m.callChild(name, left, right)];
  }
  return m.run(right, 'act');
}

const separable = {
  ActConvBn: chained('act conv bn'),
  SeparableConv2d: chained('depthwise_conv2d pointwise_conv2d'),
  BranchSeparables: chained('act_1 separable_1 bn_sep_1 act_2 separable_2 bn_sep_2'),
};

/** Networks from architecture search. */
export const searchedNetworks: LoweringFamily = {
  lowerings: {
    'timm.models.nasnet': {
      NASNetALarge: model(nasNet, 'global_pool last_linear'),
      ...separable,
      CellStem0: forward((m, x) => halved(m, m.run(x, 'conv_1x1'), x)),
      CellStem1: forwardMany((m, [x, stem]) => halved(m, m.run(stem!, 'conv_1x1'), reduced(m, x!))),
      FirstCell: keeping(reduced),
      NormalCell: keeping((m, x) => m.run(x, 'conv_prev_1x1')),
      'ReductionCell0|ReductionCell1': reduction,
    },
    'timm.models.pnasnet': {
      PNASNet5Large: model(pnasNet, 'global_pool last_linear'),
      ...separable,
      FactorizedReduction: forward(reduced),
      CellStem0: forward((m, x) => combined(m, x, m.run(x, 'conv_1x1'))),
      Cell: progressive,
    },
  },
};
