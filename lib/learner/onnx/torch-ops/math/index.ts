import type { TorchTable } from '../table.js';
import { comparisons } from './comparison.js';
import { creation, settings } from './creation.js';
import { cumulative } from './cumulative.js';
import { einops } from './einops.js';
import { joining } from './joining.js';
import { linear } from './linear.js';
import { pointwise } from './pointwise.js';
import { reductions } from './reductions.js';
import { refusals } from './refused.js';
import { selection } from './selection.js';
import { shapes } from './shapes.js';
import { specialFunctions } from './special.js';

/** `torch.*` and `Tensor.*`, family by family. */
export const mathTables: readonly TorchTable[] = [
  pointwise,
  specialFunctions,
  comparisons,
  reductions,
  cumulative,
  shapes,
  joining,
  selection,
  linear,
  creation,
  einops,
  settings,
  refusals,
];
