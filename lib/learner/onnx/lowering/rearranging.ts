import type { Expression } from './expression.js';
import { forward } from './forward.js';
import type { LoweringFamily } from './lowering.js';
import type { Scope } from './scope.js';
import { unflattened } from './spatial.js';

/**
 * The channels of several groups, interleaved. Pixels are one dimension, because rank 4 is faster.
 */
export function shuffleChannels(m: Scope, x: Expression, groups: number): Expression {
  const channels = x.size(1);
  m.require(groups > 0 && channels % groups === 0, `it shuffles ${channels} channels in ${groups}`);
  const mixed = x.reshape(0, groups, channels / groups, -1).permute(0, 2, 1, 3);
  return x.of(unflattened(m.ctx, mixed.value, channels, x.value));
}

const unflatten = forward((m, x) => {
  m.require(typeof m.attr('dim') !== 'string', 'it unflattens by names');
  const dim = m.int('dim');
  const axis = dim < 0 ? dim + x.rank : dim;
  m.require(axis > 0 && axis < x.rank, 'it unflattens the batch');
  const kept = Array.from({ length: axis }, () => 0);
  const rest = Array.from({ length: x.rank - axis - 1 }, (_, i) => x.size(axis + 1 + i));
  return x.reshape(...kept, ...m.ints('unflattened_size'), ...rest);
});

/** Layers that move the elements of images and compute nothing. */
export const rearrangings: LoweringFamily = {
  lowerings: {
    'torch.nn.modules.channelshuffle': {
      ChannelShuffle: forward((m, x) => shuffleChannels(m, x, m.int('groups'))),
    },
    'torch.nn.modules.flatten': { Unflatten: unflatten },
  },
};
