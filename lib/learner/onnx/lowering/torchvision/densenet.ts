import type { Value } from '../../graph.js';
import { malformed } from '../attributes.js';
import { chain, pooledFeatures } from '../blocks.js';
import { lowerSequential } from '../containers.js';
import type { Lowering, LoweringFamily } from '../lowering.js';

/** Each layer sees what all before it have added. */
const lowerDenseBlock: Lowering = (module, ctx, inputs) => {
  let features = ctx.value(module, inputs);
  for (const [name, layer] of module.children) {
    if (!layer) throw malformed(module, `its layer ${name} is no module`);
    const added = ctx.lowerValue(layer, [features]);
    features = ctx.graph.op('Concat', [features, added], { axis: 1 });
  }
  return features;
};

const lowerDenseLayer: Lowering = (module, ctx, inputs) =>
  chain(ctx, module, ctx.value(module, inputs), [
    'norm1',
    'relu1',
    'conv1',
    'norm2',
    'relu2',
    'conv2',
  ]);

const lowerDenseNet: Lowering = (module, ctx, inputs) => {
  const features = chain(ctx, module, ctx.value(module, inputs), ['features']);
  const active: Value = ctx.graph.op('Relu', [features]);
  return chain(ctx, module, pooledFeatures(ctx, active), ['classifier']);
};

export const densenets: LoweringFamily = {
  lowerings: [
    [['torchvision.models.densenet._DenseLayer'], lowerDenseLayer],
    [['torchvision.models.densenet._DenseBlock'], lowerDenseBlock],
    [['torchvision.models.densenet._Transition'], lowerSequential],
    [['torchvision.models.densenet.DenseNet'], lowerDenseNet],
  ],
};
