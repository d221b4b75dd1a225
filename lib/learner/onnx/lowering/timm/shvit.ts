import { lowerSequential } from '../containers.js';
import { chained, forward, residuals } from '../forward.js';
import { attention } from '../heads.js';
import type { LoweringFamily } from '../lowering.js';
import { model } from './model.js';

/** One head, over some of the channels. */
const singleHead = forward((m, x) => {
  const [part, key] = [m.int('pdim'), m.int('qk_dim')];
  const [first, others] = x.split(1, [part, m.int('dim') - part]);
  const rows = m.run(first, 'pre_norm qkv').flatten(2).transpose(1, 2);
  const [q, k, v] = rows.split(2, [key, key, part]);
  const mixed = attention(q, k, v, { scale: m.number('scale') });
  const image = mixed.transpose(1, 2).reshape(0, part, x.size(2), x.size(3));
  return m.run(image.concat(1, others), 'proj');
});

/** SHViT. */
export const singleHeads: LoweringFamily = {
  lowerings: {
    'timm.models.shvit': {
      SHViT: model('patch_embed stages', 'global_pool flatten head'),
      Residual: residuals('m'),
      'Conv2dNorm|NormLinear': lowerSequential,
      PatchMerging: chained('conv1 act1 conv2 act2 se conv3'),
      FFN: chained('pw1 act pw2'),
      SHSA: singleHead,
      BasicBlock: chained('conv mixer ffn'),
      StageBlock: chained('downsample blocks'),
    },
  },
};
