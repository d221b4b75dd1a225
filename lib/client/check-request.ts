import { shortened } from '../learner/errors/index.js';
import { InferenceError } from './errors.js';
import { isNumeric } from './protocol/binary.js';
import { infoOf, isDatatype } from './protocol/datatypes.js';
import { InferenceMessageError } from './protocol/errors.js';
import type { InferTensor } from './protocol/messages.js';
import { elementsOf } from './protocol/shape.js';

/** The caller's input is wrong, so nothing was sent. */
export function refused(fact: string, cause?: unknown): InferenceError {
  return new InferenceError(fact, { status: 'INVALID_ARGUMENT', mayHaveRun: false }, { cause });
}

/** The result of `make`; an invalid message is refused before it is sent. */
export function unsent<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw error instanceof InferenceMessageError ? refused(error.message, error) : error;
  }
}

/** @throws InferenceError if data does not match the datatype or shape */
export function checkTensor({ name, datatype, shape, data }: InferTensor): void {
  const what = (): string => `The tensor "${shortened(name)}"`;
  if (!isDatatype(datatype)) {
    throw refused(
      `${what()} has the datatype ${shortened(String(datatype), 40)}; give a datatype of the protocol, such as FP32.`,
    );
  }
  const { array } = infoOf(datatype);
  const fits = array === undefined ? Array.isArray(data) : data instanceof array;
  if (!fits) {
    const wanted = array === undefined ? 'a list of strings or Uint8Arrays' : array.name;
    throw refused(`${what()} is ${datatype} but has data of another type; give ${wanted}.`);
  }
  const count = unsent(() => elementsOf(name, shape));
  if (data.length !== count) {
    throw refused(
      `${what()} has ${data.length} elements, but its shape [${shape.join(', ')}] requires ${count}; give that many.`,
    );
  }
  if (!isNumeric(data)) data.forEach((text, at) => checkText(name, text, at));
}

function checkText(name: string, text: unknown, at: number): void {
  if (text instanceof Uint8Array) return;
  if (typeof text !== 'string') {
    throw refused(
      `Element ${at} of the tensor "${shortened(name)}" is ${shortened(String(text), 40)}; give a string or a Uint8Array.`,
    );
  }
  // An unpaired surrogate has no UTF-8 form.
  if (!text.isWellFormed()) {
    throw refused(
      `Element ${at} of the tensor "${shortened(name)}" contains half of a surrogate pair, which UTF-8 cannot carry; give the whole character.`,
    );
  }
}
