import { chain, flattenImage } from '../blocks.js';
import { lowerSequential } from '../containers.js';
import { lowerLayerNorm2d } from '../image-norm.js';
import type { Lowering, LoweringFamily } from '../lowering.js';

const lowerConvNeXtBlock: Lowering = (module, ctx, inputs) => {
  const x = ctx.value(module, inputs);
  const scale = ctx.requiredWeight(module, 'layer_scale');
  const result = chain(ctx, module, x, ['block']);
  return ctx.graph.op('Add', [ctx.graph.op('Mul', [scale, result]), x]);
};

const lowerConvNeXt: Lowering = (module, ctx, inputs) =>
  chain(ctx, module, ctx.value(module, inputs), ['features', 'avgpool', 'classifier']);

const lowerRegNetBlock: Lowering = (module, ctx, inputs) => {
  const x = ctx.value(module, inputs);
  const sum = ctx.graph.op('Add', [chain(ctx, module, x, ['proj?']), chain(ctx, module, x, ['f'])]);
  return ctx.lower(ctx.child(module, 'activation'), [sum]);
};

const lowerRegNet: Lowering = (module, ctx, inputs) => {
  const features = chain(ctx, module, ctx.value(module, inputs), [
    'stem',
    'trunk_output',
    'avgpool',
  ]);
  return chain(ctx, module, flattenImage(ctx, features), ['fc']);
};

/** ConvNeXt and RegNet. */
export const moderns: LoweringFamily = {
  lowerings: [
    [['torchvision.models.convnext.LayerNorm2d'], lowerLayerNorm2d],
    [['torchvision.models.convnext.CNBlock'], lowerConvNeXtBlock],
    [['torchvision.models.convnext.ConvNeXt'], lowerConvNeXt],
    [['torchvision.models.regnet.ResBottleneckBlock'], lowerRegNetBlock],
    [['torchvision.models.regnet.RegNet'], lowerRegNet],
    [
      [
        'torchvision.models.regnet.SimpleStemIN',
        'torchvision.models.regnet.BottleneckTransform',
        'torchvision.models.regnet.AnyStage',
      ],
      lowerSequential,
    ],
  ],
};
