import { setMaxListeners } from 'node:events';
import { InputError } from '../../learner/errors/index.js';
import type { RunOptions } from '../runner/runner-options-types.js';
import { InferenceItemError, ResponseTooLargeError } from './errors.js';

/** Items of a request that are with the runner at a time: other requests have turns between them. */
const AT_ONCE = 64;

/**
 * Runs each item by itself, and gives the results in their order. The first failure, in time, ends
 * the others.
 *
 * @throws InferenceItemError where an item of several is at fault; else what `run` throws.
 */
export async function runItems<Result>(
  items: readonly unknown[],
  run: (item: unknown, options: RunOptions) => Promise<Result>,
): Promise<Result[]> {
  if (items.length === 1) return [await run(items[0], {})];
  const results: Result[] = [];
  const stop = new AbortController();
  // Node warns of more than 10 listeners.
  setMaxListeners(0, stop.signal);
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < items.length && !stop.signal.aborted) {
      const at = next++;
      try {
        results[at] = await run(items[at], { signal: stop.signal });
      } catch (error) {
        stop.abort();
        const ofItem = error instanceof InputError && !(error instanceof ResponseTooLargeError);
        throw ofItem ? new InferenceItemError(at, error) : error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, items.length) }, work));
  return results;
}
