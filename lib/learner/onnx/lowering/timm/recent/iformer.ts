import { lowerSequential } from '../../containers.js';
import type { Expression } from '../../expression.js';
import { chained, forward } from '../../forward.js';
import { attention } from '../../heads.js';
import type { LoweringFamily } from '../../lowering.js';
import type { Scope } from '../../scope.js';
import { inWindows } from '../../windows.js';
import { repViTHead } from '../mobile.js';
import { meanHead, model } from '../model.js';

/** Attention with one head over the positions of an image, and a gate. */
function attended(m: Scope, x: Expression): Expression {
  const [v, gate] = m.run(x, 'v_gate gate_act').chunk(1, 2);
  const rows = (image: Expression): Expression => image.flatten(2).transpose(-2, -1);
  const mixed = attention(rows(m.run(x, 'q')), rows(m.run(x, 'k')), rows(v), {
    scale: m.number('scale'),
  });
  const image = mixed.transpose(-2, -1).reshape(0, v.size(1), x.size(2), x.size(3));
  return m.run(image.mul(gate), 'proj');
}

const singleHead = forward((m, x) => {
  const size = m.int('window_size', 0);
  if (size <= 0) return attended(m, x);
  return inWindows(x.channelsLast(), [size, size], (windows) => {
    const image = windows.reshape(-1, size, size, x.size(1)).channelsFirst();
    return attended(m, image).channelsLast().flatten(1, 2);
  }).channelsFirst();
});

const scaledResidual = forward((m, x) => {
  const y = m.run(x, 'module');
  const gamma = m.weight('gamma');
  return x.add(gamma ? y.mul(gamma) : y);
});

/** iFormer. */
export const iFormers: LoweringFamily = {
  lowerings: {
    'timm.models.iformer': {
      IFormer: model('stem stages', meanHead(2, 3)),
      'ConvNorm|NormLinear': lowerSequential,
      RepVitClassifier: repViTHead,
      SHMA: singleHead,
      Residual: scaledResidual,
      'SHMABlock|FFN|ConvBlock': chained('mixer'),
      RepCPE: chained('cpe'),
      StageBlock: chained('downsample blocks'),
      Stem: chained('conv1 act1 conv2 act2 conv3'),
    },
  },
};
