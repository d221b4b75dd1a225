import { tokenOrMean } from './model.js';
import type { Expression } from '../expression.js';
import { forward, joined } from '../forward.js';
import { firstAsks, toRows } from '../heads.js';
import type { LoweringFamily } from '../lowering.js';
import type { Scope } from '../scope.js';

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
  if (!size) throw m.refusal('it does not say which sizes its images get');
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
  if (classifiers[0]?.className === 'torch.nn.modules.linear.Identity') {
    return joined(summaries);
  }
  const [first, ...others] = summaries.map((summary, i) => m.call(classifiers[i]!, summary));
  return others.reduce((sum, logits) => sum.add(logits), first!).div(summaries.length);
}

/** CrossViT. */
export const crossVits: LoweringFamily = {
  lowerings: {
    'timm.models.crossvit': {
      CrossVit: forward(crossVit),
      CrossViT: forward(crossVit),
      CrossAttention: firstAsks('wq', 'wk', 'wv'),
      CrossAttentionBlock: forward((m, x) => x.slice(1, 0, 1).add(m.run(x, 'norm1 attn'))),
    },
  },
};
