import { setMaxListeners } from 'node:events';

/** Items of a request that are worked on at a time: other requests have turns between them. */
const AT_ONCE = 64;

/**
 * The results of `work` in the order of the items. The first failure, in time, ends the others: no
 * further item is begun, and those that were begun are told by the signal.
 */
export async function inOrder<Item, Result>(
  items: readonly Item[],
  work: (item: Item, index: number, signal: AbortSignal) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  const stop = new AbortController();
  // Node warns of more than 10 listeners.
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
