import type { LoweringFamily } from '../../lowering.js';
import { conditionals } from './cond-conv.js';
import { convAttentions } from './conv-attention.js';
import { recentConvolutionals } from './convolutional.js';
import { csat } from './csatv2.js';
import { efficientViMs } from './efficientvim.js';
import { gemma } from './gemma4-vit.js';
import { hieraDets } from './hiera-det.js';
import { iFormers } from './iformer.js';
import { languageEncoders } from './language-encoders.js';

/** Recent or rare timm models; they are loaded separately so that other files load faster. */
export const recentTimm: readonly LoweringFamily[] = [
  conditionals,
  convAttentions,
  recentConvolutionals,
  csat,
  efficientViMs,
  gemma,
  hieraDets,
  iFormers,
  languageEncoders,
];
