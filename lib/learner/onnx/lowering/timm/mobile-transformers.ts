import type { Expression, Triple } from '../expression.js';
import { chained, forward, joined, preNormBlock } from '../forward.js';
import { toRows } from '../heads.js';
import type { LoweringFamily } from '../lowering.js';
import type { Scope } from '../scope.js';
import { model } from './model.js';
import { plusScaled, scaledBy } from './vision-transformer.js';

/** Sines and cosines of rows and columns, convolved: [1, channels, height, width]. */
function fourierPositions(m: Scope, height: number, width: number): Expression {
  const [hidden, scale] = [m.int('hidden_dim'), m.number('scale')];
  const [temperature, epsilon] = [m.number('temperature'), m.number('eps', 1e-6)];
  const area = height * width;
  const data = new Float32Array(2 * hidden * area);
  for (let channel = 0; channel < hidden; channel++) {
    const period = temperature ** ((2 * Math.floor(channel / 2)) / hidden);
    const wave = channel % 2 === 0 ? Math.sin : Math.cos;
    for (let i = 0; i < area; i++) {
      const y = ((Math.floor(i / width) + 1) / (height + epsilon)) * scale;
      const x = (((i % width) + 1) / (width + epsilon)) * scale;
      data[channel * area + i] = wave(y / period);
      data[(hidden + channel) * area + i] = wave(x / period);
    }
  }
  return m.run(m.constant(data, [1, 2 * hidden, height, width]), 'token_projection');
}

/** The same as rows of positions, if the module has them. */
export function positionRows(
  m: Scope,
  name: string,
  home: string,
  height: number,
  width: number,
): Expression | undefined {
  if (!m.has(name)) return undefined;
  const positions = m.inner(name, `timm.models.${home}.PositionalEncodingFourier`);
  return toRows(fourierPositions(positions, height, width));
}

/** Attention among channels instead of positions. */
export const crossCovariance = forward((m, x) => {
  const count = m.int('num_heads');
  const split = m.run(x, 'qkv').reshape(0, x.size(1), 3, count, -1).permute(2, 0, 3, 4, 1);
  const [q, k, v] = split.unstack(3);
  const scores = q
    .normalize()
    .matmul(k.normalize().transpose(-2, -1))
    .mul(m.requiredWeight('temperature'));
  return m.run(scores.softmax().matmul(v).permute(0, 3, 1, 2).flatten(2), 'proj');
});

const edgeConv = forward((m, x) => {
  const y = m.run(x, 'conv_dw');
  const shortcut = m.bool('shortcut_after_dw') ? y : x;
  const changed = m.run(y.channelsLast(), 'norm mlp');
  return shortcut.add(scaledBy(m, changed, 'gamma').channelsFirst());
});

/** Parts of the channels, each convolved with the one before; then attention among channels. */
const splitTranspose = forward((m, x) => {
  const [height, width] = [x.size(2), x.size(3)];
  const convs = m.list('convs');
  const parts = chunks(x, convs.length + 1);
  const results: Expression[] = [];
  for (const [i, conv] of convs.entries()) {
    const before = results.at(-1);
    results.push(m.call(conv, before ? before.add(parts[i]!) : parts[i]!));
  }
  results.push(parts.at(-1)!);
  const rows = toRows(joined(results));
  const positions = positionRows(m, 'pos_embd', 'edgenext', height, width);
  const placed = positions ? rows.add(positions) : rows;
  const attended = plusScaled(m, placed, m.run(placed, 'norm_xca xca'), 'gamma_xca');
  const changed = m.run(attended.reshape(0, height, width, x.size(1)), 'norm mlp');
  return x.add(scaledBy(m, changed, 'gamma').channelsFirst());
});

/** torch's chunks: equal sizes, except for a smaller last one if necessary. */
function chunks(x: Expression, count: number): Expression[] {
  const size = Math.ceil(x.size(1) / count);
  const sizes = Array.from({ length: count }, (_, i) =>
    Math.max(0, Math.min(size, x.size(1) - i * size)),
  );
  return x.split(1, sizes);
}

/** Sizes that patches divide. */
function wholePatches(m: Scope, x: Expression): [height: number, width: number] {
  const [height, width] = m.pair('patch_size');
  return [Math.ceil(x.size(2) / height) * height, Math.ceil(x.size(3) / width) * width];
}

/** Each pixel of a patch attends to the same pixel of all patches. */
const mobileVit = forward((m, x) => {
  const y = m.run(x, 'conv_kxk conv_1x1');
  const [patchHeight, patchWidth] = m.pair('patch_size');
  const size = [y.size(2), y.size(3)];
  const whole = wholePatches(m, y);
  const same = whole[0] === size[0] && whole[1] === size[1];
  const image = same ? y : m.resize(y, whole, 'bilinear');
  const [rows, columns] = [whole[0] / patchHeight, whole[1] / patchWidth];
  const channels = y.size(1);
  const patches = image
    .reshape(0, channels, rows, patchHeight, columns, patchWidth)
    .permute(0, 3, 5, 2, 4, 1)
    .reshape(-1, rows * columns, channels);
  const back = m
    .run(patches, 'transformer norm')
    .reshape(-1, patchHeight, patchWidth, rows, columns, channels)
    .permute(0, 5, 3, 1, 4, 2)
    .reshape(-1, channels, ...whole);
  const result = m.run(same ? back : m.resize(back, size, 'bilinear'), 'conv_proj');
  return m.has('conv_fusion') ? m.run(x.concat(1, result), 'conv_fusion') : result;
});

const mobileVitV2 = forward((m, x) => {
  const whole = wholePatches(m, x);
  const same = whole[0] === x.size(2) && whole[1] === x.size(3);
  const y = m.run(same ? x : m.resize(x, whole, 'bilinear', true), 'conv_kxk conv_1x1');
  const [patchHeight, patchWidth] = m.pair('patch_size');
  const [rows, columns] = [whole[0] / patchHeight, whole[1] / patchWidth];
  const channels = y.size(1);
  const patches = y
    .reshape(0, channels, rows, patchHeight, columns, patchWidth)
    .permute(0, 1, 3, 5, 2, 4)
    .reshape(0, channels, patchHeight * patchWidth, rows * columns);
  const back = m
    .run(patches, 'transformer norm')
    .reshape(0, channels, patchHeight, patchWidth, rows, columns)
    .permute(0, 1, 4, 2, 5, 3)
    .reshape(0, channels, ...whole);
  return m.run(back, 'conv_proj');
});

/** One query for all positions, so the cost is linear. */
const linearAttention = forward((m, x) => {
  const size = m.int('embed_dim');
  const [query, key, value] = m.run(x, 'qkv_proj').split(1, [1, size, size]) as Triple;
  const context = key.mul(query.softmax()).sum([3], true);
  return m.run(value.relu().mul(context), 'out_proj');
});

/** EdgeNeXt and MobileViT. */
export const mobileTransformers: LoweringFamily = {
  lowerings: {
    'timm.models.edgenext': {
      EdgeNeXt: model('stem stages norm_pre', 'head'),
      ConvBlock: edgeConv,
      CrossCovarianceAttn: crossCovariance,
      SplitTransposeBlock: splitTranspose,
      EdgeNeXtStage: chained('downsample blocks'),
    },
    'timm.models.mobilevit': {
      MobileVitBlock: mobileVit,
      MobileVitV2Block: mobileVitV2,
      LinearSelfAttention: linearAttention,
      LinearTransformerBlock: preNormBlock,
    },
  },
};
