import { malformed } from '../attributes.js';
import { lowerSequential } from '../containers.js';
import type { Lowering, LoweringFamily } from '../lowering.js';

const lowerPermute: Lowering = (module, ctx, inputs) => {
  const dims = module.attr('dims');
  if (!Array.isArray(dims)) throw malformed(module, 'its dims are no list');
  return ctx.graph.op('Transpose', [ctx.value(module, inputs)], { perm: dims.map(Number) });
};

/** Leaves whole rows out at training only. */
const passThrough: Lowering = (module, ctx, inputs) => ctx.value(module, inputs);

export const torchvisionMisc: LoweringFamily = {
  lowerings: [
    [['torchvision.ops.misc.Permute'], lowerPermute],
    [['torchvision.ops.misc.MLP'], lowerSequential],
    [
      [
        'torchvision.ops.stochastic_depth.StochasticDepth',
        'torchvision.ops.drop_block.DropBlock2d',
      ],
      passThrough,
    ],
  ],
};
