import type { Lowering } from '../context.js';
import type { Expression } from '../expression.js';
import { chained, forward } from '../forward.js';
import { lowerGroupNorm, lowerLayerNorm2d } from '../image-norm.js';
import type { LoweringFamily } from '../lowering.js';
import { lowerBatchNorm, lowerLayerNorm } from '../norm.js';
import type { Scope } from '../scope.js';

/** A norm, and then its activation. */
const activated =
  (norm: Lowering): Lowering =>
  (module, ctx, inputs) =>
    chained('drop? act?')(module, ctx, [norm(module, ctx, inputs)]);

/** Divides by the root of a power over the last dimension, or over the channels of an image. */
const byRootOf =
  (power: (x: Expression, axis: number) => Expression) =>
  (channelsFirst: boolean): Lowering =>
    forward((m, x) => {
      m.require(m.ints('normalized_shape').length === 1, 'it normalizes several dimensions');
      const normal = x.div(
        power(x, channelsFirst ? 1 : -1)
          .add(m.number('eps'))
          .sqrt(),
      );
      const weight = m.weight('weight');
      if (!weight) return normal;
      return normal.mul(channelsFirst ? weight.reshape(-1, 1, 1) : weight);
    });

const rootMeanSquare = byRootOf((x, axis) => x.mul(x).mean([axis], true));

/** Divides by the deviation, without subtracting the mean. */
const deviation = byRootOf((x, axis) => {
  const centred = x.sub(x.mean([axis], true));
  const squares = centred.mul(centred).sum([axis], true);
  return squares.div(x.size(axis) - 1);
});

/** Filter response: divides by the root mean square of each channel of each image. */
function filterResponse(m: Scope, x: Expression): Expression {
  const power = x.mul(x).mean([2, 3], true);
  const normal = x.div(power.add(m.number('eps')).sqrt());
  return shifted(m, normal);
}

function shifted(m: Scope, x: Expression): Expression {
  const perChannel = (name: string): Expression => m.requiredWeight(name).reshape(-1, 1, 1);
  return x.mul(perChannel('weight')).add(perChannel('bias'));
}

const filterResponseTlu = forward((m, x) => {
  const y = filterResponse(m, x);
  const least = m.weight('tau');
  return least ? y.op('Max', {}, least.reshape(-1, 1, 1)) : y;
});

function groupDeviation(m: Scope, x: Expression): Expression {
  const groups = m.int('groups');
  const [channels, height, width] = [x.size(1), x.size(2), x.size(3)];
  const grouped = x.reshape(0, groups, -1);
  const centred = grouped.sub(grouped.mean([2], true));
  const root = centred.mul(centred).mean([2], true).add(m.number('eps')).sqrt();
  return grouped.mul(0).add(root).reshape(0, channels, height, width);
}

/** EvoNorm-S0: a gate, and the deviation of groups of channels. */
function evoNorm(always: boolean): Lowering {
  return forward((m, x) => {
    const v = m.weight('v');
    const gated = v ? x.mul(x.mul(v.reshape(-1, 1, 1)).sigmoid()) : x;
    return shifted(m, v || always ? gated.div(groupDeviation(m, x)) : x);
  });
}

/** Norms of timm's own. */
export const timmNorms: LoweringFamily = {
  lowerings: {
    'timm.layers.norm_act': {
      'BatchNormAct2d|SyncBatchNormAct|FrozenBatchNormAct2d': activated(lowerBatchNorm),
      'GroupNormAct|GroupNorm1Act': activated(lowerGroupNorm),
      'LayerNormAct|LayerNormActFp32': activated(lowerLayerNorm),
      'LayerNormAct2d|LayerNormAct2dFp32': activated(lowerLayerNorm2d),
      'RmsNormAct|RmsNormActFp32': activated(rootMeanSquare(false)),
      'RmsNormAct2d|RmsNormAct2dFp32': activated(rootMeanSquare(true)),
    },
    'timm.layers.norm': {
      'GroupNorm|GroupNorm1': lowerGroupNorm,
      'LayerNorm|LayerNormFp32': lowerLayerNorm,
      'LayerNorm2d|LayerNorm2dFp32|LayerNormExp2d': lowerLayerNorm2d,
      'RmsNorm|RmsNormFp32': rootMeanSquare(false),
      'RmsNorm2d|RmsNorm2dFp32': rootMeanSquare(true),
      'SimpleNorm|SimpleNormFp32': deviation(false),
      'SimpleNorm2d|SimpleNorm2dFp32': deviation(true),
    },
    'timm.layers.filter_response_norm': {
      FilterResponseNormTlu2d: filterResponseTlu,
      FilterResponseNormAct2d: forward((m, x) => m.run(filterResponse(m, x), 'act')),
    },
    'timm.layers.evo_norm': {
      'EvoNorm2dS0|EvoNormSample2d': evoNorm(false),
      EvoNorm2dS0a: evoNorm(true),
    },
  },
};
