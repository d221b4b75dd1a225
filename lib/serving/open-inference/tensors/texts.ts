import { shortened } from '../../../learner/errors/index.js';
import { InferenceMessageError } from '../../../client/protocol/errors.js';
import type { InferTensor } from '../../../client/protocol/messages.js';
import { TensorValueError } from '../errors.js';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The strings of a BYTES tensor. @throws InferenceMessageError if one is not UTF-8. */
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

/** An unpaired UTF-16 surrogate, which UTF-8 cannot encode. */
const LONE_SURROGATE = /\p{Surrogate}/u;

/** Whether a value is a string that UTF-8 can encode. */
export function isTravelling(value: unknown): value is string {
  return typeof value === 'string' && !LONE_SURROGATE.test(value);
}

/** @throws TensorValueError for a value that is not a string, and for an unpaired surrogate. */
export function travellingText(name: string, text: unknown): string {
  if (isTravelling(text)) return text;
  const fact = typeof text === 'string' ? 'has an unpaired UTF-16 surrogate' : 'is not a string';
  throw new TensorValueError(name, fact, 'give a string that UTF-8 can hold');
}
