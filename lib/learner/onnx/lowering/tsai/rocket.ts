import { NdArray } from '../../../torch/numpy.js';
import { Tensor } from '../../../torch/tensor.js';
import { malformed } from '../attributes.js';
import { lowerSequential } from '../containers.js';
import type { Expression } from '../expression.js';
import { joined } from '../forward.js';
import type { LoweringFamily } from '../lowering.js';
import { series, type SeriesScope } from './support.js';

/** Integers in a numpy array, a torch tensor or a Python list. */
function integers(m: SeriesScope, name: string): number[] {
  const held = m.attr(name);
  const items =
    held instanceof NdArray ? held.items() : held instanceof Tensor ? held.toNumbers() : held;
  const numbers = Array.isArray(items) ? items.map(Number) : [];
  if (numbers.length > 0 && numbers.every(Number.isSafeInteger)) return numbers;
  throw malformed(m.module, `its ${name} is not a list of integers`);
}

/** The features of a dilation, from [rows, kernels, steps] and its biases [kernels, features]. */
type Pool = (m: SeriesScope, x: Expression, biases: Expression) => Expression;

/** [rows, kernels, steps, features]: each step compared with each bias of its kernel. */
const above = (m: SeriesScope, x: Expression, biases: Expression): Expression =>
  m.indicator(x.unsqueeze(3).op('Greater', {}, biases.unsqueeze(1)));

/** The share of steps above a bias. */
const share: Pool = (m, x, biases) => above(m, x, biases).mean([2]).flatten(1);

/** The share of steps above a bias, and the area above it relative to the area on both sides. */
const shareAndArea: Pool = (m, x, biases) => {
  const distance = x.unsqueeze(3).sub(biases.unsqueeze(1));
  const area = distance
    .relu()
    .sum([2])
    .div(distance.op('Abs').sum([2]).atLeast(1e-8));
  return share(m, x, biases).concat(1, area.flatten(1));
};

/** The longest run of ones along the steps: lengths of runs up to each step, doubled in turn. */
function longestRun(ones: Expression): Expression {
  const steps = ones.size(2);
  let lengths = ones;
  for (let span = 1; span < steps; span *= 2) {
    const before = lengths.slice(2, 0, steps - span).pad({ 2: [span, 0] });
    // A run of at least `span` steps continues the run that ended `span` steps before.
    const full = lengths
      .sub(span - 1)
      .atLeast(0)
      .atMost(1);
    lengths = lengths.add(before.mul(full));
  }
  return lengths.max([2]);
}

/** MultiRocket's four features of the positive steps: share, mean, mean index and longest run. */
const fourFeatures: Pool = (m, x, biases) => {
  const steps = x.size(2);
  const ones = above(m, x, biases);
  const count = ones.sum([2]);
  const mean = x.unsqueeze(3).sub(biases.unsqueeze(1)).relu().sum([2]).div(count.atLeast(1));
  const places = m.constant(
    Array.from({ length: steps }, (_, i) => i),
    [1, 1, steps, 1],
  );
  const place = ones.mul(places).sum([2]).div(count.atLeast(1));
  const scaled = (feature: Expression): Expression => feature.mul(2).sub(1);
  return joined(
    [
      scaled(ones.mean([2])),
      mean,
      scaled(place.div(steps)),
      scaled(longestRun(ones).div(steps)),
    ].map((feature) => feature.flatten(1)),
  );
};

/**
 * Convolutions with fixed kernels, one dilation at a time; every second kernel has padding, the
 * others do not. The biases come from the training series, from when it was fitted.
 */
function rocketFeatures(m: SeriesScope, x: Expression, pool: Pool): Expression {
  m.require(
    m.tensor('prefit').toNumbers()[0] === 1,
    'it has not been fitted, and would draw its biases from the first batch that it sees',
  );
  const { graph } = m.ctx;
  const [dilations, paddings] = [integers(m, 'dilations'), integers(m, 'padding')];
  const [variables, kernels] = [m.int('c_in'), m.int('num_kernels', 84)];
  const weight = m.requiredWeight('kernels');
  const features = dilations.flatMap((dilation, i) => {
    const padding = paddings[i]!;
    const convolved = x.of(
      graph.op('Conv', [x.value, weight.value], {
        kernel_shape: [m.int('kernel_size', 9)],
        dilations: [dilation],
        pads: [padding, padding],
        strides: [1],
        group: variables,
      }),
    );
    const all =
      variables === 1
        ? convolved
        : convolved
            .reshape(0, variables, kernels, -1)
            .mul(m.requiredWeight(`channel_combinations_${i}`))
            .sum([1]);
    const biases = m.requiredWeight(`biases_${i}`);
    const everySecond = (value: Expression, axis: number, first: number): Expression =>
      value.slice(axis, first, undefined, 2);
    const [padded, bare] = [i % 2, 1 - (i % 2)];
    const inner = everySecond(all, 1, bare).slice(2, padding, -padding);
    return [
      pool(m, everySecond(all, 1, padded), everySecond(biases, 0, padded)),
      pool(m, inner, everySecond(biases, 0, bare)),
    ];
  });
  return joined(features);
}

const miniRocket = series((m, x) =>
  rocketFeatures(m, x, m.bool('add_lsaz', false) ? shareAndArea : share),
);

/** The series and its differences between steps go through the same branch, as in tsai. */
const multiRocket = series((m, x) => {
  const features = m.run(x, 'branch_x');
  if (!m.bool('use_diff')) return features;
  return features.concat(1, m.run(differences(x), 'branch_x'));
});

const differences = (x: Expression): Expression => x.slice(2, 1).sub(x.slice(2, 0, -1));

/** The largest value of each random convolution, and its share of positive steps. */
const rocket = series((m, x) =>
  joined(
    m.list('convs').flatMap((conv) => {
      const y = m.call(conv, x);
      return [y.max([2]), m.positive(y).mean([2])];
    }),
  ),
);

/** A list of tensors. */
function tensors(m: SeriesScope, name: string): Tensor[] {
  const held = m.attr(name);
  if (!Array.isArray(held) || !held.every((item) => item instanceof Tensor)) {
    throw malformed(m.module, `its ${name} is not a list of tensors`);
  }
  return held;
}

/** Groups of kernels that compete: which one wins at each step, how often and by how much. */
const hydra = series((m, x) => {
  const { graph } = m.ctx;
  const [groups, kernels] = [m.int('_g'), m.int('k')];
  const inputs = m.int('g') > 1 ? [x, differences(x)] : [x];
  const [weights, places] = [tensors(m, 'W'), tensors(m, 'I')];
  const [dilations, paddings] = [integers(m, 'dilations'), integers(m, 'paddings')];
  m.require(
    weights.length === dilations.length && weights[0]?.shape[1] === groups * kernels,
    'its W are not of its groups of kernels',
  );
  const numbers = m.indices(Array.from({ length: kernels }, (_, i) => i));
  const features = dilations.flatMap((dilation, i) => {
    const weight = m.expression(graph.initializer(weights[i]!, 'W'));
    const chosen = m.expression(graph.initializer(places[i]!, 'I'));
    return inputs.flatMap((input, which) => {
      const mixed = input.gather(1, chosen.select(0, which)).sum([2]);
      const convolved = graph.op('Conv', [mixed.value, weight.select(0, which).value], {
        kernel_shape: [9],
        dilations: [dilation],
        pads: [paddings[i]!, paddings[i]!],
        strides: [1],
        group: groups,
      });
      const z = m.expression(convolved).reshape(0, groups, kernels, -1);
      const winners = (op: 'ArgMax' | 'ArgMin'): Expression => {
        const place = z.op(op, { axis: 2, keepdims: 0 }).unsqueeze(3);
        return m.indicator(place.op('Equal', {}, numbers));
      };
      return [
        winners('ArgMax')
          .mul(z.max([2]).unsqueeze(3))
          .sum([2]),
        winners('ArgMin').sum([2]),
      ];
    });
  });
  const all = joined(features).flatten(1);
  return m.bool('clip') ? all.relu() : all;
});

const flat = series((_, x) => x.flatten(1));

/** tsai's ROCKET and its descendants, fitted. */
export const tsaiRockets: LoweringFamily = {
  lowerings: {
    'tsai.models.MINIROCKET_Pytorch': {
      MiniRocketFeatures: miniRocket,
      'MiniRocket|MiniRocketHead': lowerSequential,
    },
    'tsai.models.MINIROCKETPlus_Pytorch': {
      MiniRocketFeaturesPlus: miniRocket,
      InceptionRocketFeaturesPlus: series((m, x) => joined(m.sideBySide(x, 'minirocketfeatures'))),
      'MiniRocketPlus|MiniRocketHead|InceptionRocketPlus': lowerSequential,
    },
    'tsai.models.MINIROCKETPlus_Pytorch|tsai.models.MultiRocketPlus': { Flatten: flat },
    'tsai.models.MultiRocketPlus': {
      MultiRocketFeaturesPlus: series((m, x) => rocketFeatures(m, x, fourFeatures)),
      MultiRocketBackbonePlus: multiRocket,
      MultiRocketPlus: lowerSequential,
    },
    'tsai.models.HydraPlus': { HydraBackbonePlus: hydra, HydraPlus: lowerSequential },
    'tsai.models.HydraMultiRocketPlus': {
      HydraMultiRocketBackbonePlus: series((m, x) =>
        m.run(x, 'hydra').concat(1, m.run(x, 'multirocket')),
      ),
      HydraMultiRocketPlus: lowerSequential,
    },
    'tsai.models.ROCKET|tsai.models.ROCKET_Pytorch': { ROCKET: rocket },
  },
};
