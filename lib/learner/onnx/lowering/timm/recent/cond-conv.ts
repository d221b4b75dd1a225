import { lazyTensorData } from '../../../tensor-data.js';
import type { Expression } from '../../expression.js';
import { forward } from '../../forward.js';
import type { LoweringFamily } from '../../lowering.js';
import type { Scope } from '../../scope.js';

/** The filters of all experts; those of one group of channels are adjacent. */
function allFilters(m: Scope, experts: number, groups: number): Expression {
  const channels = m.int('out_channels');
  const [inputs, size] = [m.int('in_channels') / groups, channels / groups];
  const kernel = m.pair('kernel_size');
  const block = size * inputs * kernel[0] * kernel[1];
  const filters = m.tensor('weight');
  const produce = (): Float32Array => {
    const weight = filters.toFloat32();
    const result = new Float32Array(weight.length);
    for (let expert = 0; expert < experts; expert++) {
      for (let group = 0; group < groups; group++) {
        const from = (expert * groups + group) * block;
        result.set(weight.subarray(from, from + block), (group * experts + expert) * block);
      }
    }
    return result;
  };
  const data = lazyTensorData('float32', [experts * channels, inputs, ...kernel], produce);
  return m.expression(m.ctx.graph.weights(data));
}

/**
 * A convolution whose filters are mixed for each image from those of several experts. That equals
 * mixing the experts' results.
 */
function mixed(m: Scope, x: Expression, shares: Expression): Expression {
  const [experts, groups] = [m.int('num_experts'), m.int('groups')];
  const [height, width] = m.pair('padding', 0);
  const y = x.op(
    'Conv',
    {
      kernel_shape: m.pair('kernel_size'),
      strides: m.pair('stride'),
      dilations: m.pair('dilation', 1),
      group: groups,
      ...(m.bool('dynamic_padding')
        ? { auto_pad: 'SAME_UPPER' }
        : { pads: [height, width, height, width] }),
    },
    allFilters(m, experts, groups),
  );
  const channels = m.int('out_channels');
  const result = y
    .reshape(0, groups, experts, channels / groups, y.size(2) * y.size(3))
    .mul(shares.reshape(0, 1, experts, 1, 1))
    .sum([2])
    .reshape(0, channels, y.size(2), y.size(3));
  const bias = m.weight('bias');
  return bias ? result.add(shares.matmul(bias).reshape(0, channels, 1, 1)) : result;
}

const block = forward((m, x) => {
  const shares = m.run(x.mean([2, 3]), 'routing_fn').sigmoid();
  const convolved = (y: Expression, name: string): Expression => mixed(m.inner(name), y, shares);
  const wide = m.run(convolved(x, 'conv_pw'), 'bn1 act1?');
  const deep = m.run(convolved(wide, 'conv_dw'), 'bn2 act2? se?');
  const y = m.run(convolved(deep, 'conv_pwl'), 'bn3');
  return m.bool('has_skip', m.bool('has_residual', false)) ? y.add(x) : y;
});

/** EfficientNet with conditional convolutions. */
export const conditionals: LoweringFamily = {
  lowerings: {
    'timm.models._efficientnet_blocks|timm.models.efficientnet_blocks': {
      CondConvResidual: block,
    },
  },
};
