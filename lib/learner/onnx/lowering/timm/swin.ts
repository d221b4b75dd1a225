import type { Lowering } from '../context.js';
import type { Expression } from '../expression.js';
import { chained, forward, forwardMany, plus } from '../forward.js';
import { joinHeads, queryKeyValue } from '../heads.js';
import type { LoweringFamily } from '../lowering.js';
import type { Scope } from '../scope.js';
import {
  addWindowMask,
  cosineScores,
  cropTo,
  fromWindows,
  mergePatches,
  padToWindows,
  relativeBias,
  shiftMask,
  tableBias,
  toWindows,
  type Size,
} from '../windows.js';
import { meanHead, model } from './model.js';
import { biasedQkv } from './vision-transformer.js';

/** Softmax over masked scores, applied to the values, with the heads concatenated. */
function mix(m: Scope, scores: Expression, v: Expression, mask?: Expression): Expression {
  const weights = (mask ? addWindowMask(scores, mask) : scores).softmax();
  return m.run(joinHeads(weights.matmul(v)), 'proj');
}

const windowAttention = forwardMany((m, [x, mask]) => {
  const count = m.int('num_heads');
  const [q, k, v] = queryKeyValue(m.run(x!, 'qkv'), count);
  const bias = tableBias(m, x!.size(1));
  const scores = q.mul(m.number('scale')).matmul(k.transpose(-2, -1)).add(bias);
  return mix(m, scores, v, mask);
});

/** Version 2: cosines, and a bias that a small network computes from distances. */
const windowAttentionV2 = forwardMany((m, [x, mask]) => {
  const count = m.int('num_heads');
  const [q, k, v] = queryKeyValue(biasedQkv(m, x!), count);
  const table = m.run(m.requiredWeight('relative_coords_table'), 'cpb_mlp').reshape(-1, count);
  const index = m.requiredWeight('relative_position_index');
  const positions = relativeBias(table, index, x!.size(1)).sigmoid().mul(16);
  const scores = cosineScores(q, k, m.requiredWeight('logit_scale')).add(positions);
  return mix(m, scores, v, mask);
});

/** The variant of Christoph Reich: distances on a logarithmic scale for each pair. */
const windowAttentionCr = forwardMany((m, [x, mask]) => {
  const count = m.int('num_heads');
  const area = x!.size(1);
  const [q, k, v] = queryKeyValue(m.run(x!, 'qkv'), count);
  const scale = m.requiredWeight('logit_scale').reshape(1, count, 1, 1);
  const bias = m
    .run(m.requiredWeight('relative_coordinates_log'), 'meta_mlp')
    .permute(1, 0)
    .reshape(1, count, area, area);
  return mix(m, cosineScores(q, k, scale).add(bias), v, mask);
});

/** Attention in windows of a rolled image [batch, height, width, channels]. */
function shifted(m: Scope, x: Expression): Expression {
  const size: Size = [x.size(1), x.size(2)];
  const [window, shift] = [m.pair('window_size'), m.pair('shift_size')];
  const padded = padToWindows(x.roll(1, -shift[0]).roll(2, -shift[1]), window);
  const whole: Size = [padded.size(1), padded.size(2)];
  const mask = windowMask(m, whole, window, shift);
  const windows = toWindows(padded, window);
  const attended = m.callChild('attn', windows, mask);
  const image = cropTo(fromWindows(attended, window, whole), size);
  return image.roll(1, shift[0]).roll(2, shift[1]);
}

/** The mask that the block stores for its original size, or a new one for the current size. */
function windowMask(m: Scope, whole: Size, window: Size, shift: Size): Expression | undefined {
  if (m.bool('dynamic_mask', false)) {
    return shift.some((by) => by > 0) ? shiftMask(m, whole, window, shift) : undefined;
  }
  const mask = m.weight('attn_mask');
  const count = (whole[0] / window[0]) * (whole[1] / window[1]);
  m.requireSize(
    mask === undefined || mask.size(0) === count,
    'its mask is for images of another size',
  );
  return mask;
}

/** Before timm 0.9, blocks took rows of positions. */
function asImage(m: Scope, x: Expression, compute: (image: Expression) => Expression): Expression {
  if (x.rank === 4) return compute(x);
  const [height, width] = m.pair('input_resolution');
  m.requireSize(
    x.rank === 3 && x.size(1) === height * width,
    'it is given an image of another size',
  );
  return compute(x.reshape(0, height, width, -1)).flatten(1, 2);
}

const block = forward((m, x) => {
  const attended = asImage(m, m.run(x, 'norm1'), (image) => shifted(m, image));
  return plus(m, x.add(attended), 'norm2 mlp');
});

const blockV2 = forward((m, x) => {
  const attended = asImage(m, x, (image) => shifted(m, image));
  const y = x.add(m.run(attended, 'norm1'));
  return y.add(m.run(y, 'mlp norm2'));
});

const blockCr = forward((m, x) => {
  const y = x.add(m.run(shifted(m, x), 'norm1'));
  return m.run(y.add(m.run(y, 'mlp norm2')), 'norm3');
});

const merging = (names: string): Lowering =>
  forward((m, x) => asImage(m, x, (image) => m.run(mergePatches(image), names)));

const stageV2 = forward((m, x) => m.each(m.run(x, 'downsample'), 'blocks'));
const stageCr = forward((m, x) =>
  m.each(m.run(x.channelsLast(), 'downsample'), 'blocks').channelsFirst(),
);

/** Before timm 0.9: the blocks, then the transition to the next stage. */
const oldStage = forward((m, x) => m.run(m.each(x, 'blocks'), 'downsample?'));

const patchEmbedCr = forward((m, x) => {
  const patches = m.run(x, 'proj');
  return m.run(patches.channelsLast(), 'norm').channelsFirst();
});

/** Old models add positions to the patches, and have their stages in a Sequential or a list. */
function features(m: Scope, x: Expression): Expression {
  const patches = m.run(x, 'patch_embed');
  const positions = m.weight('absolute_pos_embed');
  const placed = positions ? patches.add(positions) : patches;
  return m.run(m.each(placed, 'layers'), 'norm');
}

/** Before timm 0.9, the model itself took the mean over all positions. */
const head = (m: Scope, x: Expression): Expression =>
  x.rank === 4 ? m.run(x, 'head') : meanHead(1)(m, x);

/** Swin, its second version, and the variant of that by Christoph Reich. */
export const swins: LoweringFamily = {
  lowerings: {
    'timm.models.swin_transformer': {
      SwinTransformer: model(features, head),
      WindowAttention: windowAttention,
      SwinTransformerBlock: block,
      SwinTransformerStage: chained('downsample blocks'),
      PatchMerging: merging('norm reduction'),
      BasicLayer: oldStage,
    },
    'timm.models.swin_transformer_v2': {
      SwinTransformerV2: model(features, head),
      WindowAttention: windowAttentionV2,
      'SwinTransformerV2Block|SwinTransformerBlock': blockV2,
      SwinTransformerV2Stage: stageV2,
      PatchMerging: merging('reduction norm'),
      BasicLayer: oldStage,
    },
    'timm.models.swin_transformer_v2_cr': {
      SwinTransformerV2Cr: model('patch_embed stages', (m, x) =>
        m.inner('head').has('fc') ? m.run(x, 'head') : meanHead(2, 3)(m, x),
      ),
      WindowMultiHeadAttention: windowAttentionCr,
      'SwinTransformerV2CrBlock|SwinTransformerBlock': blockCr,
      'SwinTransformerV2CrStage|SwinTransformerStage': stageCr,
      PatchMerging: merging('norm reduction'),
      PatchEmbed: patchEmbedCr,
    },
  },
};
