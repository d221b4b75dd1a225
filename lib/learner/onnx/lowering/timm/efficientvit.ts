import { lowerSequential } from '../containers.js';
import type { Expression, Triple } from '../expression.js';
import { chained, forward, joined, residuals } from '../forward.js';
import { attention } from '../heads.js';
import type { LoweringFamily } from '../lowering.js';
import { inWindows } from '../windows.js';
import { distanceBias } from './levit.js';
import { model } from './model.js';

/** EfficientViT of MIT: attention without a softmax, whose cost is linear. */
const linearAttention = forward((m, x) => {
  const [height, width, size] = [x.size(2), x.size(3), m.int('dim')];
  const qkv = m.run(x, 'qkv');
  const scales = m.list('aggreg').map((child) => m.call(child, qkv));
  const [first, second, v] = qkv
    .concat(1, ...scales)
    .reshape(0, -1, 3 * size, height * width)
    .transpose(-1, -2)
    .chunk(-1, 3);
  const [q, k] = [m.run(first, 'kernel_func'), m.run(second, 'kernel_func')];
  const ones = v.slice(3, 0, 1).mul(0).add(1);
  const out = q.matmul(k.transpose(-1, -2).matmul(v.concat(3, ones)));
  const normal = out.slice(3, 0, size).div(out.slice(3, size).add(m.number('eps')));
  return m.run(normal.transpose(-1, -2).reshape(0, -1, height, width), 'proj');
});

const mitBlock = forward((m, x) => {
  const y = m.run(x, 'pre_norm main');
  return m.has('shortcut') ? y.add(m.run(x, 'shortcut')) : y;
});

/** EfficientViT of Microsoft: each head takes the output of the previous one. */
const cascaded = forward((m, x) => {
  const [height, width] = [x.size(2), x.size(3)];
  const [key, value] = [m.int('key_dim'), m.int('val_dim')];
  const [layers, depthwise] = [m.list('qkvs'), m.list('dws')];
  const parts = x.chunk(1, layers.length);
  const bias = distanceBias(m);
  const results: Expression[] = [];
  for (const [i, layer] of layers.entries()) {
    const before = results.at(-1);
    const input = before ? before.add(parts[i]!) : parts[i]!;
    const [query, k, v] = m.call(layer, input).split(1, [key, key, value]) as Triple;
    const rows = (image: Expression): Expression => image.flatten(2).transpose(-2, -1);
    const mixed = attention(rows(m.call(depthwise[i]!, query)), rows(k), rows(v), {
      scale: m.number('scale'),
      bias: bias.select(0, i),
    });
    results.push(mixed.transpose(-2, -1).reshape(0, value, height, width));
  }
  return m.run(joined(results), 'proj');
});

const localWindows = forward((m, x) => {
  const size = m.inner('attn').int('resolution');
  if (x.size(2) === size && x.size(3) === size) return m.run(x, 'attn');
  return inWindows(x.channelsLast(), [size, size], (windows) => {
    const image = windows.reshape(-1, size, size, x.size(1)).channelsFirst();
    return m.run(image, 'attn').channelsLast().flatten(1, 2);
  }).channelsFirst();
});

/** EfficientViT, of MIT and of Microsoft. */
export const efficientVits: LoweringFamily = {
  lowerings: {
    'timm.models.efficientvit_mit': {
      'EfficientVit|EfficientVitLarge': model('stem stages', 'head'),
      Stem: lowerSequential,
      ConvNormAct: chained('conv norm act'),
      DSConv: chained('depth_conv point_conv'),
      ConvBlock: chained('conv1 conv2'),
      MBConv: chained('inverted_conv depth_conv point_conv'),
      FusedMBConv: chained('spatial_conv point_conv'),
      LiteMLA: linearAttention,
      EfficientVitBlock: chained('context_module local_module'),
      ResidualBlock: mitBlock,
      'EfficientVitStage|EfficientVitLargeStage': chained('blocks'),
      ClassifierHead: chained('in_conv global_pool classifier'),
    },
    'timm.models.efficientvit_msra': {
      EfficientVitMsra: model('patch_embed stages', 'global_pool head'),
      'ConvNorm|NormLinear|PatchEmbedding': lowerSequential,
      PatchMerging: chained('conv1 act conv2 act se conv3'),
      ResidualDrop: residuals('m'),
      ConvMlp: chained('pw1 act pw2'),
      CascadedGroupAttention: cascaded,
      LocalWindowAttention: localWindows,
      EfficientVitBlock: chained('dw0 ffn0 mixer dw1 ffn1'),
      EfficientVitStage: chained('downsample blocks'),
    },
  },
};
