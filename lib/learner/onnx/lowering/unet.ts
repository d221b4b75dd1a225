import { PyObject } from '../../torch/python.js';
import { Value } from '../graph.js';
import { malformed } from './attributes.js';
import { lowerSequentialEx } from './fastai-layers.js';
import { forward } from './forward.js';
import type { LoweringFamily } from './lowering.js';
import { resizeTo } from './resizing.js';

/** Upsampled features beside those that a hook kept on the encoder's way down. */
const unetBlock = forward((m, below) => {
  const hook = m.attr('hook');
  const kept = hook instanceof PyObject ? m.ctx.stored(hook) : undefined;
  if (!(kept instanceof Value)) {
    throw malformed(m.module, 'no module before it has the hook that it reads');
  }
  const up = m.run(below, 'shuf').value;
  const sized = m.expression(resizeTo(m.ctx, m.module, up, kept, 'nearest'));
  return m.run(sized.concat(1, m.run(m.expression(kept), 'bn')), 'relu conv1 conv2');
});

export const unets: LoweringFamily = {
  lowerings: {
    'fastai.vision.models.unet': {
      UnetBlock: unetBlock,
      DynamicUnet: lowerSequentialEx,
    },
  },
};
