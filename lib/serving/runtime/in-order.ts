import { setMaxListeners } from 'node:events';

/**
 * How many items of a request are in progress at a time, so that other requests get their turns.
 */
const AT_ONCE = 64;

/**
 * The results of `work` in the order of the items. The earliest failure ends the others: no further
 * item starts, and the signal aborts those that have started.
 */
export async function inOrder<Item, Result>(
  items: readonly Item[],
  work: (item: Item, index: number, signal: AbortSignal) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  const stop = new AbortController();
  // Node warns about more than 10 listeners.
  setMaxListeners(0, stop.signal);
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length && !stop.signal.aborted) {
      const index = next++;
      try {
        results[index] = await work(items[index]!, index, stop.signal);
      } catch (error) {
        stop.abort();
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, items.length) }, worker));
  return results;
}
