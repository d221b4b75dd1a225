/** Figures of a batchable method at this moment; counts are since its start. */
export interface BatchStats {
  /** Calls that wait, and their rows. */
  readonly queued: number;
  readonly queuedRows: number;
  /** Calls that run. */
  readonly running: number;
  /** Runs that were answered, and their rows. */
  readonly batches: number;
  readonly rows: number;
  /** Rows of the largest of them. */
  readonly largest: number;
  /** Calls that were refused because of the load, at once or while they waited. */
  readonly shed: number;
  /** Calls that were answered. */
  readonly completed: number;
  /** Calls whose item was at fault. */
  readonly rejected: number;
  /** Calls that failed for another reason. */
  readonly failed: number;
  /** Calls that were given up by their callers, or whose time was over. */
  readonly abandoned: number;
}
