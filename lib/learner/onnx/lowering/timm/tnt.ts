import type { Expression } from '../expression.js';
import { forward, plus } from '../forward.js';
import { attendHeads, heads } from '../heads.js';
import type { LoweringFamily } from '../lowering.js';
import type { Scope } from '../scope.js';
import { model, tokenHead } from './model.js';

/** TNT: a transformer over the pixels of each patch inside one over patches. */
const tntAttention = forward((m, x) => {
  const count = m.int('num_heads');
  const [q, k] = m
    .run(x, 'qk')
    .chunk(2, 2)
    .map((part) => heads(part, count)) as [Expression, Expression];
  const v = heads(m.run(x, 'v'), count);
  return attendHeads(m, q, k, v);
});

function tntBlock(
  m: Scope,
  pixels: Expression,
  patches: Expression,
): [pixels: Expression, patches: Expression] {
  const inner = plus(m, pixels, 'norm_in attn_in', 'norm_mlp_in mlp_in');
  const count = patches.size(1) - 1;
  const flat = (x: Expression): Expression => x.reshape(-1, count, x.size(1) * x.size(2));
  const added = m.has('norm2_proj')
    ? m.run(flat(inner), 'norm1_proj proj norm2_proj')
    : m.run(flat(m.run(inner, 'norm1_proj')), 'proj');
  const joined = patches.slice(1, 0, 1).concat(1, patches.slice(1, 1).add(added));
  const outer = plus(m, joined, 'norm_out attn_out', 'norm_mlp mlp');
  return [inner, outer];
}

/** The pixels of each patch as rows: [batch * patches, pixels, channels]. */
function pixelRows(m: Scope, x: Expression, positions: Expression): Expression {
  const [height, width] = m.pair('patch_size');
  const [h, w] = m.pair('new_patch_size');
  const channels = m.int('in_dim');
  m.require(
    m.pair('img_size').every((size, i) => size === x.size(i + 2)),
    `its images have to be ${m.pair('img_size').join(' x ')}`,
  );
  const legacy = m.bool('legacy');
  const source = legacy ? m.run(x, 'proj') : x;
  const [patchHeight, patchWidth] = legacy ? [h, w] : [height, width];
  const patches = source
    .reshape(
      0,
      source.size(1),
      source.size(2) / patchHeight,
      patchHeight,
      source.size(3) / patchWidth,
      patchWidth,
    )
    .permute(0, 2, 4, 1, 3, 5)
    .reshape(-1, source.size(1), patchHeight, patchWidth);
  const pixels = (legacy ? patches : m.run(patches, 'proj')).add(positions);
  return pixels.reshape(0, channels, h * w).permute(0, 2, 1);
}

function tntFeatures(m: Scope, x: Expression): Expression {
  const embed = m.inner('pixel_embed', 'timm.models.tnt.PixelEmbed');
  let pixels = pixelRows(embed, x, m.requiredWeight('pixel_pos'));
  const flat = pixels.reshape(-1, m.int('num_patches'), pixels.size(1) * pixels.size(2));
  const row = m.run(flat, 'norm1_proj proj norm2_proj');
  let patches = m
    .requiredWeight('cls_token')
    .expandTo(row)
    .concat(1, row)
    .add(m.requiredWeight('patch_pos'));
  for (const child of m.list('blocks')) {
    [pixels, patches] = tntBlock(m.enter(child, 'timm.models.tnt.Block'), pixels, patches);
  }
  return m.run(patches, 'norm');
}

/** Transformer in transformer. */
export const tnts: LoweringFamily = {
  lowerings: {
    'timm.models.tnt': {
      TNT: model(tntFeatures, tokenHead),
      Attention: tntAttention,
    },
  },
};
