import { shortened } from '../../learner/errors/index.js';
import { shownValue } from './shown-value.js';
import { InferenceMessageError } from './errors.js';

/** At least as many dimensions as onnxruntime and numpy support. */
const MOST_DIMENSIONS = 32;

/**
 * The number of elements of a shape.
 *
 * @throws InferenceMessageError for sizes that are fractions or negative, and for a product that no
 * array can have.
 */
export function elementsOf(name: string, shape: readonly number[]): number {
  // Its text only for an error: this is called for every tensor.
  const what = (): string => `The shape of the tensor "${shortened(name)}"`;
  if (shape.length > MOST_DIMENSIONS) {
    throw new InferenceMessageError(
      `${what()} has ${shape.length} dimensions`,
      `send ${MOST_DIMENSIONS} at most`,
    );
  }
  let count = 1;
  for (const size of shape) {
    if (!Number.isSafeInteger(size) || size < 0) {
      throw new InferenceMessageError(
        `${what()} has the size ${typeof size === 'string' ? shortened(size, 40) : shownValue(size)}`,
        'send whole numbers from 0',
      );
    }
    count *= size;
  }
  if (!Number.isSafeInteger(count)) {
    throw new InferenceMessageError(`${what()} has too many elements`, 'send less at once');
  }
  return count;
}
