import { chain } from '../blocks.js';
import { lowerSequential } from '../containers.js';
import type { Lowering, LoweringFamily } from '../lowering.js';
import { firstPosition, prepend, toSequence } from '../multihead.js';

const lowerEncoderBlock: Lowering = (module, ctx, inputs) => {
  const input = ctx.value(module, inputs);
  const { graph } = ctx;
  const normal = chain(ctx, module, input, ['ln_1']);
  const attention = ctx.lowerValue(ctx.child(module, 'self_attention'), [normal, normal, normal]);
  const x = graph.op('Add', [attention, input]);
  return graph.op('Add', [x, chain(ctx, module, x, ['ln_2', 'mlp'])]);
};

const lowerEncoder: Lowering = (module, ctx, inputs) => {
  const x = ctx.value(module, inputs);
  const placed = ctx.graph.op('Add', [x, ctx.requiredWeight(module, 'pos_embedding')]);
  return chain(ctx, module, placed, ['layers', 'ln']);
};

const lowerVisionTransformer: Lowering = (module, ctx, inputs) => {
  const patches = chain(ctx, module, ctx.value(module, inputs), ['conv_proj']);
  const token = ctx.requiredWeight(module, 'class_token');
  const x = prepend(ctx, token, toSequence(module, ctx, patches));
  const encoded = chain(ctx, module, x, ['encoder']);
  return chain(ctx, module, firstPosition(ctx, encoded), ['heads']);
};

/** torchvision before 0.13 named the layers of the block. */
const lowerMlpBlock: Lowering = (module, ctx, inputs) =>
  module.child('linear_1')
    ? chain(ctx, module, ctx.value(module, inputs), ['linear_1', 'act', 'linear_2'])
    : lowerSequential(module, ctx, inputs);

export const visionTransformers: LoweringFamily = {
  lowerings: [
    [['torchvision.models.vision_transformer.EncoderBlock'], lowerEncoderBlock],
    [['torchvision.models.vision_transformer.Encoder'], lowerEncoder],
    [['torchvision.models.vision_transformer.VisionTransformer'], lowerVisionTransformer],
    [['torchvision.models.vision_transformer.MLPBlock'], lowerMlpBlock],
  ],
};
