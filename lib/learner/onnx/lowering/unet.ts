import type { Lowering } from './context.js';
import { PyObject } from '../../torch/python.js';
import { Value } from '../graph.js';
import { malformed } from './attributes.js';
import { lowerSequentialEx } from './fastai-layers.js';
import type { LoweringFamily } from './lowering.js';
import { resizeTo } from './resizing.js';

/** Upsampled features beside those that a hook kept on the encoder's way down. */
const lowerUnetBlock: Lowering = (module, ctx, inputs) => {
  const below = ctx.value(module, inputs);
  const hook = module.attr('hook');
  const kept = hook instanceof PyObject ? ctx.stored(hook) : undefined;
  if (!(kept instanceof Value)) {
    throw malformed(module, 'no module before it has the hook that it reads');
  }
  const { graph } = ctx;
  const up = ctx.lowerValue(ctx.child(module, 'shuf'), [below]);
  const sized = resizeTo(ctx, module, up, kept, 'nearest');
  const side = ctx.lowerValue(ctx.child(module, 'bn'), [kept]);
  const joined = graph.op('Concat', [sized, side], { axis: 1 });
  const active = ctx.lowerValue(ctx.child(module, 'relu'), [joined]);
  const first = ctx.lowerValue(ctx.child(module, 'conv1'), [active]);
  return ctx.lower(ctx.child(module, 'conv2'), [first]);
};

export const unets: LoweringFamily = {
  lowerings: {
    'fastai.vision.models.unet': {
      UnetBlock: lowerUnetBlock,
      DynamicUnet: lowerSequentialEx,
    },
  },
};
