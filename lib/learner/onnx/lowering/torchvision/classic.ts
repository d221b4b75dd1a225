import { chain, flattenImage } from '../blocks.js';
import type { Lowering, LoweringFamily } from '../lowering.js';

/** SqueezeNet's Fire: squeezed, then two convolutions side by side. */
const lowerFire: Lowering = (module, ctx, inputs) => {
  const x = chain(ctx, module, ctx.value(module, inputs), ['squeeze', 'squeeze_activation']);
  return ctx.graph.op(
    'Concat',
    [
      chain(ctx, module, x, ['expand1x1', 'expand1x1_activation']),
      chain(ctx, module, x, ['expand3x3', 'expand3x3_activation']),
    ],
    { axis: 1 },
  );
};

/** Features, pooled to a fixed size and flattened, then a classifier: VGG and AlexNet. */
const lowerPlain: Lowering = (module, ctx, inputs) => {
  const features = chain(ctx, module, ctx.value(module, inputs), ['features', 'avgpool']);
  return chain(ctx, module, flattenImage(ctx, features), ['classifier']);
};

/** SqueezeNet's classifier pools by itself. */
const lowerSqueezeNet: Lowering = (module, ctx, inputs) =>
  flattenImage(ctx, chain(ctx, module, ctx.value(module, inputs), ['features', 'classifier']));

export const classics: LoweringFamily = {
  lowerings: [
    [['torchvision.models.squeezenet.Fire'], lowerFire],
    [['torchvision.models.squeezenet.SqueezeNet'], lowerSqueezeNet],
    [['torchvision.models.vgg.VGG', 'torchvision.models.alexnet.AlexNet'], lowerPlain],
  ],
};
