import { shortened } from '../../../learner/errors/index.js';
import { InferenceMessageError } from '../../../client/protocol/errors.js';
import type { InferTensor } from '../../../client/protocol/messages.js';
import { TensorValueError } from '../errors.js';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The texts of a tensor of BYTES. @throws InferenceMessageError where one is not UTF-8. */
export function textsOf({ name, data }: InferTensor): string[] {
  return Array.from(data as ArrayLike<string | Uint8Array>, (text, at) => textAt(name, text, at));
}

export function textAt(name: string, text: string | Uint8Array, at: number): string {
  if (typeof text === 'string') return text;
  try {
    return decoder.decode(text);
  } catch {
    throw new InferenceMessageError(
      `Element ${at} of the tensor "${shortened(name)}" is not valid UTF-8`,
      'send texts in UTF-8',
    );
  }
}

/** Half of a UTF-16 pair, which UTF-8 lacks. */
const LONE_SURROGATE = /\p{Surrogate}/u;

/** Whether a value is a text that UTF-8 can say. */
export function isTravelling(value: unknown): value is string {
  return typeof value === 'string' && !LONE_SURROGATE.test(value);
}

/** @throws TensorValueError for what is not a text, and for a lone half of a UTF-16 pair. */
export function travellingText(name: string, text: unknown): string {
  if (isTravelling(text)) return text;
  const fact = typeof text === 'string' ? 'has half of a UTF-16 pair' : 'is not a text';
  throw new TensorValueError(name, fact, 'give a string that UTF-8 can hold');
}
