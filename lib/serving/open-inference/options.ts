import { checkOptions, count, type OptionTable } from '../options.js';
import { InvalidOpenInferenceOptionError } from './errors.js';
import type { ServableLimits } from './models/servable.js';

/** Limits of requests of the Open Inference Protocol. @publicApi */
export interface OpenInferenceOptions {
  /** The limit on the items of a request: texts, images, rows. @default 10000 */
  maxRows?: number;
  /** The limit on the bytes of an answer's tensors. @default 512 MiB */
  maxResponseBytes?: number;
}

const OPTIONS: OptionTable<OpenInferenceOptions> = { maxRows: count, maxResponseBytes: count };

/** @throws InvalidOpenInferenceOptionError */
export function checkLimits(options: OpenInferenceOptions): ServableLimits {
  checkOptions(OPTIONS, options, (option, fact, remedy) => {
    throw new InvalidOpenInferenceOptionError(option, fact, remedy);
  });
  const { maxRows = 10_000, maxResponseBytes = 512 * 1024 * 1024 } = options;
  return { maxRows, maxResponseBytes };
}
