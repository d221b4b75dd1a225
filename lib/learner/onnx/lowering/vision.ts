import { convolutions } from './conv.js';
import { fastaiLayers } from './fastai-layers.js';
import { imageNorms } from './image-norm.js';
import type { LoweringFamily } from './lowering.js';
import { poolings } from './pooling.js';
import { rearrangings } from './rearranging.js';
import { resizings } from './resizing.js';

/** The layers of torch and fastai that models of images are made of. */
export const visionLayers: readonly LoweringFamily[] = [
  convolutions,
  poolings,
  imageNorms,
  resizings,
  rearrangings,
  fastaiLayers,
];
