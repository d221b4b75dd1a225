import type { TorchTable } from '../table.js';
import { activationFunctions } from './activations.js';
import { attentionFunctions } from './attention.js';
import { lossFunctions } from './losses.js';
import { convolutionFunctions } from './convolution.js';
import { dropoutFunctions } from './dropout.js';
import { normalizationFunctions } from './normalization.js';
import { packedFunctions } from './packed.js';
import { paddingFunctions } from './padding.js';
import { poolingFunctions } from './pooling.js';
import { resizingFunctions } from './resizing.js';
import { embeddingFunctions } from './embedding.js';
import { samplingFunctions } from './sampling.js';
import { unpoolingFunctions } from './unpooling.js';
import { windowFunctions } from './windows.js';

/** torch.nn.functional, and those of its functions that torch also has under its own name. */
export const nnTables: readonly TorchTable[] = [
  activationFunctions,
  convolutionFunctions,
  dropoutFunctions,
  normalizationFunctions,
  embeddingFunctions,
  samplingFunctions,
  windowFunctions,
  attentionFunctions,
  lossFunctions,
  packedFunctions,
  paddingFunctions,
  poolingFunctions,
  unpoolingFunctions,
  resizingFunctions,
];
