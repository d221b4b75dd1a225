import { forward, plus } from '../forward.js';
import type { LoweringFamily } from '../lowering.js';

const names = (name: string): string[] => [`torchvision.models.mnasnet.${name}`];

export const lowerMnasNets: LoweringFamily['lowerings'] = [
  [
    names('_InvertedResidual'),
    forward((m, x) => (m.bool('apply_residual') ? plus(m, x, 'layers') : m.run(x, 'layers'))),
  ],
  [names('MNASNet'), forward((m, x) => m.run(m.run(x, 'layers').mean([2, 3]), 'classifier'))],
];
