type Listener = (share: number) => void;

let listener: Listener | undefined;

/**
 * Reports between batches how many rows of the current call on this thread have predictions. It
 * does not report the last batch, because the result follows.
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
