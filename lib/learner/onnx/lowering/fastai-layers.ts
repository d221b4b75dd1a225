import { qualifiedNameOf } from '../../torch/python.js';
import { malformed } from './attributes.js';
import { lowerSequential } from './containers.js';
import type { Lowering } from './context.js';
import type { Expression } from './expression.js';
import { forward, forwardMany, joined, passThrough, residual } from './forward.js';
import { lowerActivationFunction } from './functions.js';
import type { LoweringFamily } from './lowering.js';
import { resizeTo } from './resizing.js';
import type { Scope } from './scope.js';

/** Layers that take, as `x.orig`, what the whole sequence around them was given. */
const mergers: ReadonlySet<string> = new Set([
  'fastai.layers.MergeLayer',
  'fastai.layers.ProdLayer',
  'fastai.vision.models.unet.ResizeToOrig',
]);

/** fastai's SequentialEx: layers that merge get its own input as their second. */
export const lowerSequentialEx = forward((m, x) =>
  m
    .list('layers')
    .reduce((y, layer) => m.call(layer, y, ...(mergers.has(layer.className) ? [x] : [])), x),
);

const merging = (
  compute: (m: Scope, x: Expression, original: Expression) => Expression,
): Lowering =>
  forwardMany((m, [x, original]) => {
    if (!x || !original) {
      throw m.refusal('it merges with the input of a SequentialEx and is in none');
    }
    return compute(m, x, original);
  });

const merge = merging((m, x, original) =>
  m.bool('dense', false) ? x.concat(1, original) : x.add(original),
);

const resizeToOriginal = merging((m, x, original) =>
  x.of(resizeTo(m.ctx, m.module, x.value, original.value, m.string('mode', 'nearest'))),
);

/** Several layers over one input, their results side by side. */
const sideBySide = forward((m, x) =>
  joined(
    m.children().map((layer) => m.call(layer, x)),
    m.int('dim', 1),
  ),
);

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
      MergeLayer: merge,
      ProdLayer: merging((_, x, original) => x.mul(original)),
      Cat: sideBySide,
      ResBlock: residual('convpath', 'act', 'idpath'),
      View: lowerView(false),
      ResizeBatch: lowerView(true),
      ToTensorBase: passThrough,
      'Lambda|PartialLambda': lowerLambda,
    },
    'fastai.vision.models.xresnet': { XResNet: lowerSequential },
    'fastai.vision.models.unet': { ResizeToOrig: resizeToOriginal },
  },
};
