import { InputError } from '../../../learner/errors/index.js';
import { RunFailedError, UnclonableItemError, WorkerDiedError } from '../errors.js';

/** One of the items may be to blame, and the others can be served without it. */
export function ownFault(error: Error): boolean {
  return (
    error instanceof InputError ||
    error instanceof RunFailedError ||
    error instanceof UnclonableItemError ||
    error instanceof WorkerDiedError
  );
}

/**
 * What is run again after a failure. Halves find one bad item among a hundred in a dozen runs; but
 * a worker that died would die again for each half that the killer is in, so there each item is run
 * alone.
 */
export function partsOf<E>(entries: readonly E[], error: Error): E[][] {
  if (entries.length === 0) return [];
  if (entries.length === 1 || error instanceof WorkerDiedError) return entries.map((e) => [e]);
  const middle = entries.length >> 1;
  return [entries.slice(0, middle), entries.slice(middle)];
}
