import { chained, forward, residual } from '../forward.js';
import type { LoweringFamily } from '../lowering.js';

/** ViTamin: the stem before its vision transformer, and the transformer's layers. */
export const vitamins: LoweringFamily = {
  lowerings: {
    'timm.models.vitamin': {
      MbConvStages: chained('stem stages pool'),
      Stem: chained('conv1 norm1 conv2'),
      Downsample2d: chained('pool expand'),
      StridedConv: chained('norm proj'),
      MbConvLNBlock: residual(
        'pre_norm down conv1_1x1 act1 conv2_kxk act2 conv3_1x1',
        undefined,
        'shortcut',
      ),
      GeGluMlp: forward((m, x) => {
        const normal = m.run(x, 'norm');
        return m.run(m.run(normal, 'w0 act').mul(m.run(normal, 'w1')), 'w2');
      }),
    },
  },
};
