import type { Expression } from '../expression.js';
import { forward, joined, plus, preNormBlock, total } from '../forward.js';
import {
  attendHeads,
  firstAsks,
  joinHeads,
  queryKeyApart,
  selfAttention,
  toRows,
} from '../heads.js';
import type { LoweringFamily } from '../lowering.js';
import type { Scope } from '../scope.js';
import { model, tokenHead, tokenOrMean } from './model.js';
import { patchRow } from './vision-transformer.js';

/** TNT: a transformer over the pixels of each patch inside one over patches. */
const tntAttention = forward((m, x) => attendHeads(m, ...queryKeyApart(m, x)));

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
  const [h, w] = m.pair('new_patch_size');
  const channels = m.int('in_dim');
  m.requireSize(
    m.pair('img_size').every((size, i) => size === x.size(i + 2)),
    `its images have to be ${m.pair('img_size').join(' x ')}`,
  );
  // If the attribute is missing, this was the only way.
  const legacy = m.bool('legacy', true);
  const source = legacy ? m.run(x, 'proj') : x;
  const [patchHeight, patchWidth] = legacy ? [h, w] : m.pair('patch_size');
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

/** CrossViT: two scales of patches, whose tokens attend to each other's patches. */
function crossBlock(m: Scope, xs: readonly Expression[]): Expression[] {
  const blocks = m.list('blocks');
  const outs = blocks.map((block, i) => m.call(block, xs[i]!));
  const [projections, fusions, back] = [m.list('projs'), m.list('fusion'), m.list('revert_projs')];
  const tokens = outs.map((out, i) => m.call(projections[i]!, out.slice(1, 0, 1)));
  return outs.map((out, i) => {
    const others = outs[(i + 1) % outs.length]!.slice(1, 1);
    const fused = m.call(fusions[i]!, tokens[i]!.concat(1, others));
    return m.call(back[i]!, fused.slice(1, 0, 1)).concat(1, out.slice(1, 1));
  });
}

function crossEmbed(m: Scope, x: Expression, i: number): Expression {
  const sizes = m.attr('img_size_scaled');
  const size = Array.isArray(sizes) && Array.isArray(sizes[i]) ? sizes[i].map(Number) : undefined;
  if (!size) throw m.refusal('it does not state the sizes of its images');
  const scaled = resized(m, x, size as [number, number]);
  const embed = m.enter(m.list('patch_embed')[i]!, 'timm.models.crossvit.PatchEmbed');
  const row = toRows(embed.run(scaled, 'proj'));
  const all = m.requiredWeight(`cls_token_${i}`).expandTo(row).concat(1, row);
  return all.add(m.requiredWeight(`pos_embed_${i}`));
}

function resized(m: Scope, x: Expression, [height, width]: [number, number]): Expression {
  const [h, w] = [x.size(2), x.size(3)];
  if (h === height && w === width) return x;
  if (!m.bool('crop_scale') || height > h || width > w) {
    return m.resize(x, [height, width], 'bicubic');
  }
  const [top, left] = [roundHalfEven((h - height) / 2), roundHalfEven((w - width) / 2)];
  return x.slice(2, top, top + height).slice(3, left, left + width);
}

/** As Python rounds. */
function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

function crossVit(m: Scope, x: Expression): Expression {
  const branches = m.list('patch_embed').length;
  let xs = Array.from({ length: branches }, (_, i) => crossEmbed(m, x, i));
  for (const child of m.list('blocks')) {
    xs = crossBlock(m.enter(child, 'timm.models.crossvit.MultiScaleBlock'), xs);
  }
  const [norms, classifiers] = [m.list('norm'), m.list('head')];
  const summaries = xs.map((row, i) => tokenOrMean(m, m.call(norms[i]!, row), 1));
  if (classifiers[0]?.className === 'torch.nn.modules.linear.Identity') return joined(summaries);
  const logits = summaries.map((summary, i) => m.call(classifiers[i]!, summary));
  return total(logits).div(logits.length);
}

/** ConViT: attention to near patches mixed with attention by content. */
const gatedPositions = forward((m, x) => {
  const [q, k, v] = queryKeyApart(m, x);
  const content = q.matmul(k.transpose(-2, -1)).mul(m.number('scale')).softmax();
  const place = m
    .run(distances(m, x.size(1)), 'pos_proj')
    .permute(0, 3, 1, 2)
    .softmax();
  const gate = m.requiredWeight('gating_param').reshape(1, -1, 1, 1).sigmoid();
  const weights = content.mul(gate.mul(-1).add(1)).add(place.mul(gate));
  const normal = weights.div(weights.sum([3], true));
  return m.run(joinHeads(normal.matmul(v)), 'proj');
});

/** Columns, rows and squared distance between each pair of patches. */
function distances(m: Scope, positions: number): Expression {
  const side = Math.floor(Math.sqrt(positions));
  m.require(side * side === positions, 'its grid of patches is not square');
  const data = new Float32Array(positions * positions * 3);
  for (let i = 0; i < positions; i++) {
    for (let j = 0; j < positions; j++) {
      const dx = (j % side) - (i % side);
      const dy = Math.floor(j / side) - Math.floor(i / side);
      data.set([dx, dy, dx * dx + dy * dy], (i * positions + j) * 3);
    }
  }
  return m.constant(data, [1, positions, positions, 3]);
}

function convitFeatures(m: Scope, x: Expression): Expression {
  const patches = patchRow(m, x);
  const placed = m.bool('use_pos_embed') ? patches.add(m.requiredWeight('pos_embed')) : patches;
  const local = m.int('local_up_to_layer');
  const token = m.weight('cls_token');
  const result = m.list('blocks').reduce((y, child, i) => {
    return m.call(child, i === local && token ? token.expandTo(y).concat(1, y) : y);
  }, placed);
  return m.run(result, 'norm');
}

/** Transformers with a second view: of each patch's pixels, of a second scale, of near patches. */
export const compoundTransformers: LoweringFamily = {
  lowerings: {
    'timm.models.tnt': {
      TNT: model(tntFeatures, tokenHead),
      Attention: tntAttention,
    },
    'timm.models.crossvit': {
      'CrossVit|CrossViT': forward(crossVit),
      CrossAttention: firstAsks('wq', 'wk', 'wv'),
      CrossAttentionBlock: forward((m, x) => x.slice(1, 0, 1).add(m.run(x, 'norm1 attn'))),
    },
    'timm.models.convit': {
      'ConVit|ConViT': model(convitFeatures, tokenHead),
      GPSA: gatedPositions,
      MHSA: selfAttention,
      Block: preNormBlock,
    },
  },
};
