import type { Lowering } from '../context.js';
import type { Expression } from '../expression.js';
import { forward } from '../forward.js';
import type { LoweringFamily } from '../lowering.js';
import type { Scope } from '../scope.js';

/** The inner pooling, then an optional flattening: a module, or in old files a flag. */
const selectPool = forward((m, x) => {
  const pooled = m.run(x, 'pool? flatten?');
  return m.attr('flatten') === true ? pooled.op('Flatten', { axis: 1 }) : pooled;
});

type Pool = (x: Expression, axes: readonly number[], keep: boolean) => Expression;

export const average: Pool = (x, axes, keep) => x.mean(axes, keep);
export const maximum: Pool = (x, axes, keep) => x.max(axes, keep);
export const averageMax: Pool = (x, axes, keep) =>
  average(x, axes, keep)
    .add(maximum(x, axes, keep))
    .mul(0.5);
const concatenated: Pool = (x, axes, keep) =>
  average(x, axes, keep).concat(1, maximum(x, axes, keep));

/** Over the dimensions in the file; in old files, height and width. */
function pooling(pool: Pool): Lowering {
  return forward((m, x) => pool(x, axesOf(m, 'dim'), !m.bool('flatten', false)));
}

const both = forward((m, x) => {
  const [axes, keep] = [axesOf(m, 'dim_reduce'), !m.bool('flatten', false)];
  return average(x, axes, keep).concat(m.int('dim_cat', 1), maximum(x, axes, keep));
});

function axesOf(m: Scope, name: string): readonly number[] {
  return m.attr(name) === undefined ? [2, 3] : m.ints(name);
}

/** Modules around torch's functions; by default, they return one cell. */
const wholeImage = (pool: Pool): Lowering =>
  forward((m, x) => {
    m.expectAttrs({ output_size: 1 });
    return pool(x, [2, 3], true);
  });

const maxSame = forward((m, x) => {
  m.expectAttrs({ ceil_mode: false });
  return x.op('MaxPool', {
    kernel_shape: m.pair('kernel_size'),
    strides: m.pair('stride'),
    dilations: m.pair('dilation', 1),
    auto_pad: 'SAME_UPPER',
  });
});

/** The zeros around the image count as pixels. */
const averageSame = forward((m, x) => {
  m.require(m.optionalNumber('divisor_override') === null, 'it has a divisor of its own');
  return x.op('AveragePool', {
    kernel_shape: m.pair('kernel_size'),
    strides: m.pair('stride'),
    auto_pad: 'SAME_UPPER',
    count_include_pad: 1,
  });
});

/** Pooling of timm's own. */
export const timmPoolings: LoweringFamily = {
  lowerings: {
    'timm.layers.adaptive_avgmax_pool': {
      SelectAdaptivePool2d: selectPool,
      'FastAdaptiveAvgPool2d|FastAdaptiveAvgPool': pooling(average),
      FastAdaptiveMaxPool: pooling(maximum),
      FastAdaptiveAvgMaxPool: pooling(averageMax),
      FastAdaptiveCatAvgMaxPool: both,
      AdaptiveAvgMaxPool2d: wholeImage(averageMax),
      AdaptiveCatAvgMaxPool2d: wholeImage(concatenated),
    },
    'timm.layers.pool2d_same': {
      MaxPool2dSame: maxSame,
      AvgPool2dSame: averageSame,
    },
  },
};
