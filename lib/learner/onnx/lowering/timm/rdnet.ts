import { chained, forward, joined } from '../forward.js';
import type { LoweringFamily } from '../lowering.js';
import { model } from './model.js';

/** Each block takes the outputs of all earlier blocks. */
const denseStage = forward((m, x) => {
  const parts = [x];
  for (const child of m.children()) {
    const block = m.enter(child, 'timm.models.rdnet.DenseBlock');
    const y = block.run(joined(parts), 'layers');
    const gamma = block.weight('gamma');
    parts.push(gamma ? y.mul(gamma.reshape(-1, 1, 1)) : y);
  }
  return joined(parts);
});

/** RDNet. */
export const revisedDenseNets: LoweringFamily = {
  lowerings: {
    'timm.models.rdnet': {
      RDNet: model('stem dense_stages norm_pre', 'head'),
      DenseStage: denseStage,
      'Block|BlockESE': chained('layers'),
    },
  },
};
