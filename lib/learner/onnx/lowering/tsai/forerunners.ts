import { forwardMany, joined, sideBySide, forward } from '../forward.js';
import type { LoweringFamily } from '../lowering.js';
import { series } from './support.js';

const inceptionModule = series((m, x) => {
  const pooled = m.run(x, m.has('conv_bottle') ? 'conv_bottle' : 'maxpool_bottleneck');
  return m.run(joined([...m.sideBySide(m.maybe(x, 'bottleneck'), 'convs'), pooled]), 'bn_relu');
});

/** Adds the input of the sequence that it ends; see `mergers` in fastai-layers.ts. */
const shortcut = forwardMany((m, [x, original]) => {
  if (!x || !original)
    throw m.refusal('it adds the input of a SequentialEx, but is not inside one');
  // Its own act_fn is not used: the forward uses the one in its source file.
  return x.add(m.run(original, 'conv bn')).relu();
});

/** InceptionTime in the predecessors of tsai, and in packages derived from them. */
export const forerunners: LoweringFamily = {
  lowerings: {
    'timeseries.models.inception_time|timeseries_fastai.models': {
      InceptionModule: inceptionModule,
      Shortcut: shortcut,
      AdaptiveConcatPool1d: forward((m, x) => sideBySide(m, x, 'mp', 'ap')),
    },
  },
};
