import { shortened } from '../../learner/errors/index.js';
import { isDatatype, type Datatype } from './datatypes.js';
import { InferenceMessageError } from './errors.js';
import { shownValue } from './shown-value.js';
import type { Parameters } from './messages.js';

/** How many tensors are read from one message at most. */
const MOST_TENSORS = 1024;

/**
 * How many BYTES elements are read from one message at most. Each takes as much memory as 25
 * numbers.
 */
const MOST_TEXTS = 2 ** 20;

/** Other ways to send a tensor, which need shared memory. */
const SHARED_MEMORY = ['shared_memory_region', 'shared_memory_byte_size', 'shared_memory_offset'];

/** @throws InferenceMessageError for more tensors than are read from one message. */
export function requireFew(count: number, subject: string): void {
  if (count <= MOST_TENSORS) return;
  throw new InferenceMessageError(`${subject} ${count} tensors`, `send ${MOST_TENSORS} at most`);
}

/** Counts the BYTES elements in the raw and typed contents of a message. */
export class TextCount {
  #count = 0;

  /** @throws InferenceMessageError for more elements than that. */
  add(datatype: Datatype, count: number): void {
    if (datatype !== 'BYTES') return;
    this.#count += count;
    if (this.#count <= MOST_TEXTS) return;
    throw new InferenceMessageError(
      `The message has more than ${MOST_TEXTS} elements of BYTES`,
      'send less at once',
    );
  }
}

/** @throws InferenceMessageError */
export function requireDatatype(name: string, datatype: unknown): asserts datatype is Datatype {
  if (isDatatype(datatype)) return;
  throw new InferenceMessageError(
    `The tensor "${shortened(name)}" has the unknown datatype ${shownValue(datatype)}`,
    'send one of the protocol, such as FP32, INT64 or BYTES',
  );
}

/** @throws InferenceMessageError */
export function refuseSharedMemory(name: string, parameters: Parameters): void {
  if (!SHARED_MEMORY.some((key) => Object.hasOwn(parameters, key))) return;
  throw new InferenceMessageError(
    `The tensor "${shortened(name)}" is in shared memory, which is not supported here`,
    'send its data',
  );
}

/** @throws InferenceMessageError */
export function refuseTwice(list: readonly { readonly name: string }[], what: string): void {
  const seen = new Set<string>();
  for (const { name } of list) {
    if (seen.has(name)) {
      throw new InferenceMessageError(
        `The ${what} "${shortened(name)}" appears twice`,
        'send each name once',
      );
    }
    seen.add(name);
  }
}

export function hasAny(parameters: Parameters | undefined): parameters is Parameters {
  return parameters !== undefined && Object.keys(parameters).length > 0;
}
