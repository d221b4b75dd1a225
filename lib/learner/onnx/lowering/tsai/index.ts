import type { LoweringFamily } from '../lowering.js';
import { visionLayers } from '../vision.js';
import { tsaiAttentions } from './attention.js';
import { tsaiConvolutionals } from './convolutional.js';
import { forerunners } from './forerunners.js';
import { tsaiLayers } from './layers.js';
import { tsaiPoolings } from './pooling.js';
import { tsaiRecurrents } from './recurrent.js';
import { tsaiRockets } from './rocket.js';
import { ofSeries } from './signature.js';
import { tsaiTables } from './tabular.js';
import { tsaiTransformers } from './transformers.js';
import { tsaiWrappers } from './wrappers.js';

/** Models for time series, from tsai and its predecessors, and the convolutions in them. */
export const tsai: readonly LoweringFamily[] = [
  ...visionLayers,
  tsaiLayers,
  tsaiPoolings,
  tsaiAttentions,
  tsaiTables,
  forerunners,
  ...[tsaiConvolutionals, tsaiRecurrents, tsaiTransformers, tsaiRockets, tsaiWrappers].map(
    ofSeries,
  ),
];
