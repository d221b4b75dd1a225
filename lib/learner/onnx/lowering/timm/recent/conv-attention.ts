import { chained, forward } from '../../forward.js';
import { headsToImage, scaledAttention } from '../../heads.js';
import type { LoweringFamily } from '../../lowering.js';
import { padTo } from '../../windows.js';
import { model } from '../model.js';

/** Attention over a smaller image, and then back to the size of the larger. */
const convAttention = forward((m, x) => {
  const [height, width] = [x.size(2), x.size(3)];
  m.expectAttrs({ num_keys: 3 });
  const stride = m.int('att_stride');
  const whole = m.bool('small_kernels', false) ? padTo(x, [stride, stride], [2, 3]) : x;
  const qkv = m.run(whole, 'conv_proj pwise');
  const [h, w] = [qkv.size(2), qkv.size(3)];
  const [q, k, v] = qkv
    .reshape(0, m.int('num_heads'), 3 * m.int('head_dim'), h * w)
    .transpose(-2, -1)
    .chunk(3, 3);
  const mixed = headsToImage(scaledAttention(m, q, k, v), h, w);
  return m.run(mixed, 'o_proj upsampling').slice(2, 0, height).slice(3, 0, width);
});

const residualBlock = forward((m, x) => {
  const y = m.run(x, 'main');
  return m.has('shortcut') ? y.add(m.run(x, 'shortcut')) : y;
});

/** CPUBone and LowFormer. */
export const convAttentions: LoweringFamily = {
  lowerings: {
    'timm.models.cpubone|timm.models.lowformer': {
      ConvLayer: chained('conv norm? act?'),
      LinearLayer: chained('dropout? linear norm? act?'),
      MBConv: chained('inverted_conv depth_conv point_conv'),
      FusedMBConv: chained('spatial_conv point_conv'),
      ResidualBlock: residualBlock,
      ConvAttention: convAttention,
    },
    'timm.models.cpubone': {
      CPUBone: model('stem stages', 'head'),
      CPUBoneBlock: chained('total'),
      ClsHead: forward((m, x) => {
        m.expectAttrs({ pool_type: 'avg' });
        return m.run(x, 'in_conv global_pool flatten pre_classifier classifier');
      }),
    },
    'timm.models.lowformer': {
      LowFormer: model('stem stages', (m, x) => {
        m.inner('global_pool').expectAttrs({ pool_type: 'avg' });
        return m.run(x, 'in_conv global_pool flatten pre_classifier classifier');
      }),
      LowFormerBlock: chained('attn mlp local'),
    },
  },
};
