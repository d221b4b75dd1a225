import { lowerSequential } from '../containers.js';
import type { Expression } from '../expression.js';
import type { LoweringFamily } from '../lowering.js';
import { chained, series, transposed, type SeriesScope } from './support.js';

const last = (x: Expression): number => x.rank - 1;

/** The share of positive elements along a dimension. */
const proportionPositive = (m: SeriesScope, x: Expression, axis = last(x)): Expression =>
  m.positive(x).mean([axis < 0 ? axis + x.rank : axis]);

/** The sum of the positive values relative to the sum of absolute values. */
const positiveArea = series((m, x) => {
  const dim = m.int('dim', -1);
  const axes = [dim < 0 ? dim + x.rank : dim];
  return x.relu().sum(axes).div(x.op('Abs').sum(axes).add(1e-8));
});

const maxAndPositive = series((m, x) =>
  x
    .max([last(x)])
    .concat(-1, proportionPositive(m, x))
    .unsqueeze(2),
);

/** The weighted mean over the steps, with weights from its layers. */
const weightedAverage = series((m, x) => {
  const weights = m.list('layers').reduce((y, layer) => m.call(layer, y), x);
  return x.mul(m.run(weights, 'softmax')).sum([last(x)]);
});

const globalWeighted = series((m, x) => {
  const weights = x.mul(m.requiredWeight('weight')).add(m.requiredWeight('bias'));
  return x.mul(weights.sigmoid().softmax()).sum([last(x)]);
});

const attentional = series((m, x) => {
  const y = m.maybe(x, 'bn');
  return transposed(m.run(y, 'conv1').matmul(transposed(m.run(y, 'conv2'))));
});

const poolingLayer = series((m, input) => {
  const method = m.string('method');
  const axis = m.bool('seq_last', true) ? 2 : 1;
  if (method === 'cls') return input.select(axis, 0);
  const x = m.bool('token', true) ? input.slice(axis, 1) : input;
  switch (method) {
    case 'max':
      return x.max([axis]);
    case 'mean':
      return x.mean([axis]);
    case 'max-mean':
      return x.max([axis]).concat(1, x.mean([axis]));
    case 'flatten':
      return x.flatten(1);
    case 'linear':
    case 'conv1d':
      return m.run(axis === 2 ? x : transposed(x), 'linear').select(2, 0);
    default:
      throw m.refusal(`it pools by "${method}"`);
  }
});

/** The poolings of tsai's heads. */
export const tsaiPoolings: LoweringFamily = {
  lowerings: {
    'tsai.models.layers': {
      PPV: series((m, x) => proportionPositive(m, x, m.int('dim', -1))),
      PPAuc: positiveArea,
      MaxPPVPool1d: maxAndPositive,
      MPPV1d: chained('mppv flatten'),
      AdaptiveWeightedAvgPool1d: weightedAverage,
      GAP1d: chained('gap flatten'),
      'GACP1d|GAWP1d': chained('gacp flatten'),
      GlobalWeightedAveragePool1d: globalWeighted,
      AttentionalPool1d: attentional,
      GAttP1d: lowerSequential,
      PoolingLayer: poolingLayer,
    },
  },
};
