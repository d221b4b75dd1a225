import { InputError } from '../../../learner/errors/index.js';
import { RunFailedError, UnclonableItemError, WorkerDiedError } from '../errors.js';

/** One of the items may be at fault; the others can be served without it. */
export function ownFault(error: Error): boolean {
  return (
    error instanceof InputError ||
    error instanceof RunFailedError ||
    error instanceof UnclonableItemError ||
    error instanceof WorkerDiedError
  );
}

/**
 * The runs to repeat after a failure. Halving finds one bad item among a hundred in a dozen runs.
 * But if the worker died, it would die again for each half with the bad item, so each item then
 * runs alone.
 */
export function partsOf<E>(entries: readonly E[], error: Error): E[][] {
  if (entries.length === 0) return [];
  if (entries.length === 1 || error instanceof WorkerDiedError) return entries.map((e) => [e]);
  const middle = entries.length >> 1;
  return [entries.slice(0, middle), entries.slice(middle)];
}
