import { InputError } from '../../learner/errors/index.js';
import type { RunOptions } from '../runner/runner-options-types.js';
import { inOrder } from '../runtime/in-order.js';
import { InferenceItemError, ResponseTooLargeError } from './errors.js';

/**
 * Runs each item by itself, and returns the results in order. The first failure aborts the others.
 *
 * @throws InferenceItemError if one of several items is at fault; or else the error of `run`.
 */
export async function runItems<Result>(
  items: readonly unknown[],
  run: (item: unknown, options: RunOptions) => Promise<Result>,
): Promise<Result[]> {
  if (items.length === 1) return [await run(items[0], {})];
  return inOrder(items, (item, at, signal) =>
    run(item, { signal }).catch((error: unknown) => {
      const ofItem = error instanceof InputError && !(error instanceof ResponseTooLargeError);
      throw ofItem ? new InferenceItemError(at, error) : error;
    }),
  );
}
