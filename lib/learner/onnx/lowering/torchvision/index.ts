import type { LoweringFamily } from '../lowering.js';
import { classics } from './classic.js';
import { inceptions } from './inception.js';
import { torchvisionMaxVits } from './maxvit.js';
import { mobiles } from './mobile.js';
import { torchvisionSwins } from './swin.js';

/** Models of torchvision. */
export const torchvision: readonly LoweringFamily[] = [
  classics,
  mobiles,
  inceptions,
  torchvisionSwins,
  torchvisionMaxVits,
];
