import type { Expression } from '../expression.js';
import { forward, residuals } from '../forward.js';
import { queryKeyValue } from '../heads.js';
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

/** Attention in windows of a rolled image; a window that spans the image is not rolled. */
function attend(
  m: Scope,
  x: Expression,
  scoresOf: (windows: Expression) => [scores: Expression, v: Expression],
): Expression {
  const size: Size = [x.size(1), x.size(2)];
  const window = m.pair('window_size');
  const padded = padToWindows(x, window);
  const whole: Size = [padded.size(1), padded.size(2)];
  const shift = m.pair('shift_size').map((by, i) => (window[i]! >= whole[i]! ? 0 : by)) as Size;
  const rolled = padded.roll(1, -shift[0]).roll(2, -shift[1]);
  const [scores, v] = scoresOf(toWindows(rolled, window));
  const masked = shift.some((by) => by > 0)
    ? addWindowMask(scores, shiftMask(m, whole, window, shift))
    : scores;
  const mixed = masked.softmax().matmul(v).permute(0, 2, 1, 3).flatten(2);
  const image = fromWindows(m.run(mixed, 'proj'), window, whole);
  return cropTo(image.roll(1, shift[0]).roll(2, shift[1]), size);
}

const attentionV1 = forward((m, x) => {
  const bias = tableBias(m, area(m));
  return attend(m, x, (windows) => {
    const [q, k, v] = queryKeyValue(m.run(windows, 'qkv'), m.int('num_heads'));
    return [
      q
        .mul(q.size(-1) ** -0.5)
        .matmul(k.transpose(-2, -1))
        .add(bias),
      v,
    ];
  });
});

/** Version 2: cosines, and a bias that a small network computes from distances. */
const attentionV2 = forward((m, x) => {
  const count = m.int('num_heads');
  const table = m.run(m.requiredWeight('relative_coords_table'), 'cpb_mlp').reshape(-1, count);
  const bias = relativeBias(table, m.requiredWeight('relative_position_index'), area(m))
    .sigmoid()
    .mul(16);
  return attend(m, x, (windows) => {
    const [q, k, v] = queryKeyValue(withoutKeyBias(m, windows), count);
    return [cosineScores(q, k, m.requiredWeight('logit_scale')).add(bias), v];
  });
});

function area(m: Scope): number {
  const [height, width] = m.pair('window_size');
  return height * width;
}

/** The keys' part of the bias is zero, whatever the layer contains. */
function withoutKeyBias(m: Scope, x: Expression): Expression {
  const layer = m.inner('qkv');
  const weight = layer.requiredWeight('weight');
  const bias = layer.weight('bias');
  if (!bias) return m.run(x, 'qkv');
  const [query, , value] = bias.chunk(0, 3);
  const zeros = m.constant(new Float32Array(query.size(0)));
  const joined = query.concat(0, zeros, value);
  return m.linear(x, weight, joined);
}

const block = residuals('norm1 attn', 'norm2 mlp');

const blockV2 = residuals('attn norm1', 'mlp norm2');

/** Swin and its second version. */
export const torchvisionSwins: LoweringFamily = {
  lowerings: {
    'torchvision.models.swin_transformer': {
      ShiftedWindowAttention: attentionV1,
      ShiftedWindowAttentionV2: attentionV2,
      SwinTransformerBlock: block,
      SwinTransformerBlockV2: blockV2,
      PatchMerging: forward((m, x) => m.run(mergePatches(x), 'norm reduction')),
      PatchMergingV2: forward((m, x) => m.run(mergePatches(x), 'reduction norm')),
      SwinTransformer: forward((m, x) => m.run(x, 'features norm permute avgpool flatten head')),
    },
  },
};
