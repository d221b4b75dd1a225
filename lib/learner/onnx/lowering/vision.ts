import { attentions } from './attention.js';
import { convolutions } from './conv.js';
import { fastaiLayers } from './fastai-layers.js';
import { imageNorms } from './image-norm.js';
import type { LoweringFamily } from './lowering.js';
import { multiheads } from './multihead.js';
import { poolings } from './pooling.js';
import { resizings } from './resizing.js';
import { timm } from './timm/index.js';
import { classics } from './torchvision/classic.js';
import { densenets } from './torchvision/densenet.js';
import { inceptions } from './torchvision/inception.js';
import { torchvisionMaxVits } from './torchvision/maxvit.js';
import { torchvisionMisc } from './torchvision/misc.js';
import { mobiles } from './torchvision/mobile.js';
import { moderns } from './torchvision/modern.js';
import { resnets } from './torchvision/resnet.js';
import { torchvisionSwins } from './torchvision/swin.js';
import { visionTransformers } from './torchvision/vision-transformer.js';
import { unets } from './unet.js';

/** Everything that models of images are made of. */
export const visionFamilies: readonly LoweringFamily[] = [
  convolutions,
  poolings,
  imageNorms,
  resizings,
  fastaiLayers,
  attentions,
  unets,
  multiheads,
  torchvisionMisc,
  resnets,
  densenets,
  classics,
  mobiles,
  moderns,
  visionTransformers,
  torchvisionSwins,
  torchvisionMaxVits,
  inceptions,
  ...timm,
];
