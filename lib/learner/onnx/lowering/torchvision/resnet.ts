import { chain, flattenImage } from '../blocks.js';
import type { Lowering, LoweringFamily } from '../lowering.js';

function residual(main: readonly string[], relu: string): Lowering {
  return (module, ctx, inputs) => {
    const x = ctx.value(module, inputs);
    const sum = ctx.graph.op('Add', [
      chain(ctx, module, x, main),
      chain(ctx, module, x, ['downsample?']),
    ]);
    return ctx.lower(ctx.child(module, relu), [sum]);
  };
}

const stages = ['layer1', 'layer2', 'layer3', 'layer4'];

/** A whole resnet, for learners that do not cut its head off. */
const lowerResNet: Lowering = (module, ctx, inputs) => {
  const x = ctx.value(module, inputs);
  const stem = chain(ctx, module, x, ['conv1', 'bn1', 'relu', 'maxpool']);
  const features = chain(ctx, module, stem, [...stages, 'avgpool']);
  return chain(ctx, module, flattenImage(ctx, features), ['fc']);
};

/** Resnet, resnext and wide resnet. */
export const resnets: LoweringFamily = {
  lowerings: [
    [
      ['torchvision.models.resnet.BasicBlock'],
      residual(['conv1', 'bn1', 'relu', 'conv2', 'bn2'], 'relu'),
    ],
    [
      ['torchvision.models.resnet.Bottleneck'],
      residual(['conv1', 'bn1', 'relu', 'conv2', 'bn2', 'relu', 'conv3', 'bn3'], 'relu'),
    ],
    [['torchvision.models.resnet.ResNet'], lowerResNet],
  ],
};
