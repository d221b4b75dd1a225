import { boolAttr, intAttr, numberAttr } from '../attributes.js';
import { chain } from '../blocks.js';
import type { Lowering, LoweringFamily } from '../lowering.js';
import { attend, firstPosition, prepend, toSequence } from '../multihead.js';
import { layerNames } from './names.js';

const lowerAttention: Lowering = (module, ctx, inputs) => {
  const x = ctx.value(module, inputs);
  const heads = intAttr(module, 'num_heads');
  const qkv = chain(ctx, module, x, ['qkv']);
  const rows = ctx.requiredTensor(ctx.child(module, 'qkv'), 'weight').shape[0] ?? 0;
  const width = rows / 3;
  if (Math.abs(numberAttr(module, 'scale') - (width / heads) ** -0.5) > 1e-6) {
    throw ctx.unsupported(module, 'it scales its queries in its own way');
  }
  const mixed = attend(ctx, qkv, heads, width, {
    query: (value) => chain(ctx, module, value, ['q_norm?']),
    key: (value) => chain(ctx, module, value, ['k_norm?']),
  });
  const normal = chain(ctx, module, mixed, ['norm?']);
  const gate = module.child('gate');
  if (!gate) return chain(ctx, module, normal, ['proj']);
  const open = ctx.graph.op('Sigmoid', [ctx.lowerValue(gate, [x])]);
  return chain(ctx, module, ctx.graph.op('Mul', [normal, open]), ['proj']);
};

const lowerBlock: Lowering = (module, ctx, inputs) => {
  const input = ctx.value(module, inputs);
  const { graph } = ctx;
  const x = graph.op('Add', [input, chain(ctx, module, input, ['norm1', 'attn', 'ls1?'])]);
  return graph.op('Add', [x, chain(ctx, module, x, ['norm2', 'mlp', 'ls2?'])]);
};

/** Patches one after the other; a model for any image size keeps them as an image, and its caller flattens them. */
const lowerPatchEmbed: Lowering = (module, ctx, inputs) => {
  const patches = chain(ctx, module, ctx.value(module, inputs), ['proj']);
  const grid = module.attr('grid_size');
  const sizes = patches.shape?.slice(2) ?? [];
  // The positions are those of this grid; for another, timm resamples them.
  if (Array.isArray(grid) && !sizes.every((size, i) => size === Number(grid[i]))) {
    throw ctx.unsupported(
      module,
      `its images have to give ${grid.join(' x ')} patches; end the learner's item transforms with Resize to that size`,
    );
  }
  return chain(ctx, module, toSequence(module, ctx, patches), ['norm?']);
};

/** Tokens in front, positions added, blocks, and what the head is given. */
const lowerVisionTransformer: Lowering = (module, ctx, inputs) => {
  const { graph } = ctx;
  if (module.child('attn_pool')) throw ctx.unsupported(module, 'it pools by attention');
  let x = chain(ctx, module, ctx.value(module, inputs), ['patch_embed']);
  const positions = ctx.weight(module, 'pos_embed');
  const apart = boolAttr(module, 'no_embed_class', false);
  if (positions && apart) x = graph.op('Add', [x, positions]);
  for (const name of ['reg_token', 'cls_token']) {
    const token = ctx.weight(module, name);
    if (token) x = prepend(ctx, token, x);
  }
  if (positions && !apart) x = graph.op('Add', [x, positions]);
  x = chain(ctx, module, x, ['norm_pre?', 'blocks', 'norm']);
  const pooled = pool(module, ctx, x);
  return chain(ctx, module, pooled, ['fc_norm?', 'pre_logits?', 'head']);
};

function pool(
  module: Parameters<Lowering>[0],
  ctx: Parameters<Lowering>[1],
  x: ReturnType<typeof firstPosition>,
): ReturnType<typeof firstPosition> {
  const { graph } = ctx;
  const kind = module.attr('global_pool') ?? 'token';
  if (kind === 'token') return firstPosition(ctx, x);
  if (kind !== 'avg') throw ctx.unsupported(module, `it pools by "${String(kind)}"`);
  const prefix = boolAttr(module, 'pool_include_prefix', false)
    ? 0
    : intAttr(module, 'num_prefix_tokens', 1);
  const end = graph.axes(Number.MAX_SAFE_INTEGER);
  const patches = graph.op('Slice', [x, graph.axes(prefix), end, graph.axes(1)]);
  return graph.op('ReduceMean', [patches], { axes: [1], keepdims: 0 });
}

/** @internal */
export const timmTransformers: LoweringFamily = {
  lowerings: [
    [
      [...layerNames('attention', 'Attention'), 'timm.models.vision_transformer.Attention'],
      lowerAttention,
    ],
    [['timm.models.vision_transformer.Block'], lowerBlock],
    [
      [...layerNames('patch_embed', 'PatchEmbed'), 'timm.models.vision_transformer.PatchEmbed'],
      lowerPatchEmbed,
    ],
    [['timm.models.vision_transformer.VisionTransformer'], lowerVisionTransformer],
  ],
};
