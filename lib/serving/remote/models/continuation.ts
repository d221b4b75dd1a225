import {
  checkGenerateOptions,
  checkWordCount,
  DRAW_OPTIONS,
} from '../../../learner/fastai/text/lm/options.js';
import type { GenerateRunOptions } from '../../models/fastai/types.js';
import { RemoteItemError } from '../errors.js';

const STREAM_OPTIONS = [...DRAW_OPTIONS, 'nWords', 'signal', 'timeoutMs', 'transfer'];
const PREDICT_OPTIONS = [...STREAM_OPTIONS, 'decoder'];

/**
 * Checks the options for continuing a text.
 *
 * @param whole Whether the caller wants the whole text, not a stream of words.
 * @throws InvalidGenerateOptionError, RemoteItemError for a decoder, which is a function.
 */
export function checkContinuation(
  runner: string,
  { nWords = 1, ...options }: GenerateRunOptions = {},
  whole: boolean,
): void {
  checkWordCount(nWords);
  checkGenerateOptions(options, whole ? PREDICT_OPTIONS : STREAM_OPTIONS);
  if (options.decoder === undefined) return;
  throw new RemoteItemError(
    runner,
    'The option decoder is a function, which cannot be sent to a server',
    'leave it out, and decode the result yourself',
  );
}
