import type { Expression } from '../../expression.js';
import { chained, forward, joined, total } from '../../forward.js';
import type { LoweringFamily } from '../../lowering.js';
import type { Scope } from '../../scope.js';
import { model } from '../model.js';

/** CSPNeXt: maxima of several neighbourhoods, concatenated. */
const pyramidPooling = forward((m, x) => {
  const y = m.run(x, 'conv1');
  return m.run(joined([y, ...m.list('poolings').map((pool) => m.call(pool, y))]), 'conv2');
});

/** x is added if a flag of the block is set. */
const perhapsAdded = (m: Scope, x: Expression, flag: string, result: Expression): Expression =>
  m.bool(flag) ? result.add(x) : result;

const partialStage = forward((m, x) => {
  const main = m.each(m.run(x, 'main_conv'), 'blocks');
  return m.run(joined([main, m.run(x, 'short_conv')]), 'attention final_conv');
});

/** FasterNet: a convolution of only the first channels. */
const partialConv = forward((m, x) => {
  const [first, others] = x.split(1, [m.int('dim_conv3'), m.int('dim_untouched')]);
  return joined([m.run(first, 'partial_conv3'), others]);
});

const partialBlock = forward((m, x) => {
  const y = m.run(x, 'spatial_mixing mlp');
  const scale = m.weight('layer_scale');
  return x.add(scale ? y.mul(scale.reshape(-1, 1, 1)) : y);
});

/** PP-LCNetV2: branches of several sizes, or their merged form. */
const repSeparable = forward((m, x) => {
  const y = m.has('dw_conv')
    ? m.run(x, 'dw_conv')
    : total(m.list('dw_conv_list').map((branch) => m.call(branch, x)));
  return perhapsAdded(m, x, 'use_shortcut', m.run(y, 'dw_act se pw_conv'));
});

/** CSPNeXt, FasterNet and PP-LCNetV2. */
export const recentConvolutionals: LoweringFamily = {
  lowerings: {
    'timm.models.cspnext': {
      CspNext: model('stem stages', 'head'),
      SPPBottleneck: pyramidPooling,
      DepthwiseSeparableConv: chained('depthwise_conv pointwise_conv'),
      CspNextBlock: forward((m, x) => perhapsAdded(m, x, 'add_identity', m.run(x, 'conv1 conv2'))),
      CspNextLayer: partialStage,
    },
    'timm.models.fasternet': {
      FasterNet: model('patch_embed stages', 'global_pool conv_head act flatten classifier'),
      Partial_conv3: partialConv,
      MLPBlock: partialBlock,
      Block: chained('downsample blocks'),
      PatchEmbed: chained('proj norm'),
      PatchMerging: chained('reduction norm'),
    },
    'timm.models.lcnetv2': {
      LCNetV2: model('stem stages', 'global_pool conv_head act2 flatten classifier'),
      RepDepthwiseSeparable: repSeparable,
    },
  },
};
