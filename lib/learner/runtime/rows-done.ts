type Listener = (share: number) => void;

let listener: Listener | undefined;

/**
 * Tells how many rows of the call in progress on this thread have their predictions, between its
 * batches. The last batch is not told: the result comes next.
 */
export function rowsDone(done: number, total: number): void {
  if (done < total) listener?.(done / total);
}

/** Takes the shares until {@link stopRows}; workers serve one call at a time. */
export function watchRows(given: Listener): void {
  listener = given;
}

export function stopRows(): void {
  listener = undefined;
}
