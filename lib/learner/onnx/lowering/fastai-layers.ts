import type { Module } from '../../torch/module.js';
import { qualifiedNameOf } from '../../torch/python.js';
import { Value } from '../graph.js';
import { boolAttr, intAttr, malformed, stringAttr } from './attributes.js';
import { lowerSequential } from './containers.js';
import type { Lowering, LoweringContext } from './context.js';
import { lowerActivationFunction } from './functions.js';
import type { LoweringFamily } from './lowering.js';
import { resizeTo } from './resizing.js';

/**
 * fastai's SequentialEx: a layer that merges sees, as `x.orig`, what the whole sequence was given.
 * Such a layer takes it here as its second input.
 */
export const lowerSequentialEx: Lowering = (module, ctx, inputs) => {
  const x = ctx.value(module, inputs);
  let result = x;
  for (const [name, layer] of ctx.child(module, 'layers').children) {
    if (!layer) throw malformed(module, `its layer ${name} is no module`);
    result = ctx.lowerValue(layer, mergers.has(layer.className) ? [result, x] : [result]);
  }
  return result;
};

const mergeNames = ['fastai.layers.MergeLayer'];
const productNames = ['fastai.layers.ProdLayer'];
const resizeNames = ['fastai.vision.models.unet.ResizeToOrig'];
const mergers: ReadonlySet<string> = new Set([...mergeNames, ...productNames, ...resizeNames]);

function merging(
  emit: (x: Value, original: Value, module: Module, ctx: LoweringContext) => Value,
): Lowering {
  return (module, ctx, inputs) => {
    const [x, original] = inputs;
    if (!(x instanceof Value) || !(original instanceof Value)) {
      throw ctx.unsupported(module, 'it merges with the input of a SequentialEx and is in none');
    }
    return emit(x, original, module, ctx);
  };
}

const lowerMerge = merging((x, original, module, { graph }) =>
  boolAttr(module, 'dense', false)
    ? graph.op('Concat', [x, original], { axis: 1 })
    : graph.op('Add', [x, original]),
);

const lowerProduct = merging((x, original, _, { graph }) => graph.op('Mul', [x, original]));

const lowerResizeToOrig = merging((x, original, module, ctx) =>
  resizeTo(ctx, module, x, original, stringAttr(module, 'mode', 'nearest')),
);

/** Several layers over one input, their results side by side. */
const lowerCat: Lowering = (module, ctx, inputs) => {
  const x = ctx.value(module, inputs);
  const results = [...module.children.values()].map((layer) => {
    if (!layer) throw malformed(module, 'one of its layers is no module');
    return ctx.lowerValue(layer, [x]);
  });
  return ctx.graph.op('Concat', results, { axis: intAttr(module, 'dim', 1) });
};

const lowerResBlock: Lowering = (module, ctx, inputs) => {
  const x = ctx.value(module, inputs);
  const sum = ctx.graph.op('Add', [
    ctx.lowerValue(ctx.child(module, 'convpath'), [x]),
    ctx.lowerValue(ctx.child(module, 'idpath'), [x]),
  ]);
  return ctx.lower(ctx.child(module, 'act'), [sum]);
};

/** View has all sizes, ResizeBatch all but the batch's. */
function lowerView(keepsBatch: boolean): Lowering {
  return (module, ctx, inputs) => {
    const x = ctx.value(module, inputs);
    const sizes = module.attr('size');
    if (!Array.isArray(sizes)) throw malformed(module, 'its size is no tuple');
    // View's first size is written for one batch; -1 is the only one that fits every batch.
    const given = sizes.map(Number);
    return ctx.graph.op('Reshape', [x, ctx.graph.axes(...(keepsBatch ? [0, ...given] : given))]);
  };
}

const passThrough: Lowering = (module, ctx, inputs) => ctx.value(module, inputs);

/** A layer around a function: one that torch or fastai ships can be known by its name. */
const lowerLambda: Lowering = (module, ctx, inputs) => {
  const x = ctx.value(module, inputs);
  const func = module.attr('func');
  const result = lowerActivationFunction(ctx, func, x);
  if (result) return result;
  throw ctx.unsupported(
    module,
    `it calls ${qualifiedNameOf(func) ?? 'a function'}, which the file does not define`,
  );
};

export const fastaiLayers: LoweringFamily = {
  lowerings: {
    'fastai.layers': {
      'SequentialEx|SEModule': lowerSequentialEx,
      'PixelShuffle_ICNR|SimpleCNN': lowerSequential,
      MergeLayer: lowerMerge,
      ProdLayer: lowerProduct,
      Cat: lowerCat,
      ResBlock: lowerResBlock,
      View: lowerView(false),
      ResizeBatch: lowerView(true),
      ToTensorBase: passThrough,
      'Lambda|PartialLambda': lowerLambda,
    },
    'fastai.vision.models.xresnet': { XResNet: lowerSequential },
    'fastai.vision.models.unet': { ResizeToOrig: lowerResizeToOrig },
  },
};
