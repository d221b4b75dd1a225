import { chained } from '../blocks.js';
import { lowerSequential } from '../containers.js';
import type { Expression } from '../expression.js';
import { forward, plus } from '../forward.js';
import { attention } from '../heads.js';
import { cropTo, fromWindows, padToWindows, toWindows } from '../windows.js';
import { distanceBias } from './levit.js';
import { model, modelNames, type TimmFamily } from './model.js';

/** EfficientViT of MIT: attention without a softmax, whose cost is linear. */
const linearAttention = forward((m, x) => {
  const [height, width, size] = [x.size(2), x.size(3), m.int('dim')];
  const qkv = m.run(x, 'qkv');
  const scales = m.list('aggreg').map((child) => m.call(child, qkv));
  const [first, second, v] = qkv
    .concat(1, ...scales)
    .reshape(0, -1, 3 * size, height * width)
    .transpose(-1, -2)
    .chunk(-1, 3) as [Expression, Expression, Expression];
  const [q, k] = [m.run(first, 'kernel_func'), m.run(second, 'kernel_func')];
  const ones = v.slice(3, 0, 1).mul(0).add(1);
  const out = q.matmul(k.transpose(-1, -2).matmul(v.concat(3, ones)));
  const normal = out.slice(3, 0, size).div(out.slice(3, size).add(m.number('eps')));
  return m.run(normal.transpose(-1, -2).reshape(0, -1, height, width), 'proj');
});

const mitBlock = forward((m, x) => {
  const y = m.run(x, 'pre_norm', 'main');
  return m.has('shortcut') ? y.add(m.run(x, 'shortcut')) : y;
});

/** EfficientViT of Microsoft: each head is given what the one before gave. */
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
    const [query, k, v] = m.call(layer, input).split(1, [key, key, value]) as [
      Expression,
      Expression,
      Expression,
    ];
    const rows = (image: Expression): Expression => image.flatten(2).transpose(-2, -1);
    const mixed = attention(rows(m.call(depthwise[i]!, query)), rows(k), rows(v), {
      scale: m.number('scale'),
      bias: bias.select(0, i),
    });
    results.push(mixed.transpose(-2, -1).reshape(0, value, height, width));
  }
  return m.run(results[0]!.concat(1, ...results.slice(1)), 'proj');
});

const localWindows = forward((m, x) => {
  const size = m.inner('attn').int('resolution');
  if (x.size(2) === size && x.size(3) === size) return m.run(x, 'attn');
  const padded = padToWindows(x.channelsLast(), [size, size]);
  const windows = toWindows(padded, [size, size])
    .reshape(-1, size, size, x.size(1))
    .channelsFirst();
  const attended = m.run(windows, 'attn').channelsLast().flatten(1, 2);
  const image = fromWindows(attended, [size, size], [padded.size(1), padded.size(2)]);
  return cropTo(image, [x.size(2), x.size(3)]).channelsFirst();
});

const names =
  (module: string) =>
  (...classes: readonly string[]) =>
    modelNames(module, ...classes);
const [mit, msra] = [names('efficientvit_mit'), names('efficientvit_msra')] as const;

/** EfficientViT, of MIT and of Microsoft. */
export const efficientVits: TimmFamily = {
  models: [
    model('efficientvit_mit', 'EfficientVit', ['stem', 'stages'], ['head']),
    model('efficientvit_mit', 'EfficientVitLarge', ['stem', 'stages'], ['head']),
    model(
      'efficientvit_msra',
      'EfficientVitMsra',
      ['patch_embed', 'stages'],
      ['global_pool', 'head'],
    ),
  ],
  blocks: [
    [mit('Stem'), lowerSequential],
    [mit('ConvNormAct'), chained('conv', 'norm', 'act')],
    [mit('DSConv'), chained('depth_conv', 'point_conv')],
    [mit('ConvBlock'), chained('conv1', 'conv2')],
    [mit('MBConv'), chained('inverted_conv', 'depth_conv', 'point_conv')],
    [mit('FusedMBConv'), chained('spatial_conv', 'point_conv')],
    [mit('LiteMLA'), linearAttention],
    [mit('EfficientVitBlock'), chained('context_module', 'local_module')],
    [mit('ResidualBlock'), mitBlock],
    [mit('EfficientVitStage', 'EfficientVitLargeStage'), chained('blocks')],
    [mit('ClassifierHead'), chained('in_conv', 'global_pool', 'classifier')],
    [msra('ConvNorm', 'NormLinear', 'PatchEmbedding'), lowerSequential],
    [msra('PatchMerging'), chained('conv1', 'act', 'conv2', 'act', 'se', 'conv3')],
    [msra('ResidualDrop'), forward((m, x) => plus(m, x, 'm'))],
    [msra('ConvMlp'), chained('pw1', 'act', 'pw2')],
    [msra('CascadedGroupAttention'), cascaded],
    [msra('LocalWindowAttention'), localWindows],
    [msra('EfficientVitBlock'), chained('dw0', 'ffn0', 'mixer', 'dw1', 'ffn1')],
    [msra('EfficientVitStage'), chained('downsample', 'blocks')],
  ],
};
