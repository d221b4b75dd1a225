import type { Batch } from './batch-call.js';
import type { BatchQueue } from './batch-queue.js';
import type { BatchTarget } from './batch-target.js';
import type { RunTimes } from './run-times.js';

/** Runs take as long as earlier ones, within this factor. */
const MARGIN = 1.2;

/** More than any run. */
const LARGEST = 2 ** 40;

export interface Load {
  readonly times: RunTimes;
  readonly queue: BatchQueue<never>;
  readonly running: readonly Batch<never, never>[];
  readonly target: Pick<BatchTarget, 'sessions' | 'idle'>;
  /** The limit on the rows of a run; undefined if each call runs alone. */
  readonly maxRows: number | undefined;
  readonly maxLatencyMs: number;
}

/** The milliseconds within which such a run should end; undefined until one has been measured. */
export function runMs({ times }: Load, size: number): number | undefined {
  const ms = times.of(size);
  return ms === undefined ? undefined : Math.max(ms * MARGIN, times.slow(size) as number);
}

/** Milliseconds until a session takes the next run. */
export function waitMs({ times, running, target }: Load, now: number): number {
  if (target.idle > 0) return 0;
  let left = 0;
  for (const batch of running) {
    const ms = (times.of(batch.size) ?? 0) * MARGIN;
    left += batch.startedAt === undefined ? ms : Math.max(0, ms - (now - batch.startedAt));
  }
  return left / Math.max(1, target.sessions);
}

/**
 * The largest useful run: a call may have to wait for one such run before it is in the next one,
 * and both must end in time. 0 if nothing is known yet: the first call runs alone, and shows how
 * many may run together.
 */
export function largestSize({ times, maxLatencyMs }: Load, most = LARGEST): number {
  return times.within(maxLatencyMs / 2 / MARGIN, most);
}

/**
 * How much more time the parts of a run may take together than the whole. Times include the way to
 * the session and back, which dominates small runs but costs nothing when runs follow each other.
 */
const MOST_FOR_PARTS = 1.4;

/**
 * Whether a run of this size may be divided into that many parts: one after another, the parts take
 * hardly longer, so all but the last are answered sooner.
 */
export function divides({ times }: Load, size: number, parts: number): boolean {
  const [whole, part] = [times.of(size), times.of(size / parts)];
  return whole !== undefined && part !== undefined && part * parts <= whole * MOST_FOR_PARTS;
}

/** At least one whole run is waiting. */
export function saturated(load: Load): boolean {
  const { queue, maxRows = 1 } = load;
  if (queue.rows >= maxRows) return true;
  const size = largestSize(load);
  return size > 0 && queue.size >= size;
}

/** The milliseconds until a new call is answered after all waiting ones; undefined if unknown. */
export function queueMs(load: Load, now: number, rows: number, width: number): number | undefined {
  const { queue, target, maxRows } = load;
  const allRows = queue.rows + rows;
  const meanWidth = (queue.size + rows * width) / allRows;
  const perRun =
    maxRows === undefined
      ? allRows / (queue.length + 1)
      : Math.max(1, largestSize(load, maxRows * meanWidth) / meanWidth);
  const runs = Math.floor(allRows / perRun);
  const full = load.times.of(perRun * meanWidth);
  if (full === undefined || target.sessions === 0) return undefined;
  const rest = allRows - runs * perRun;
  // The last run is the new call's own; errors of the others cancel out.
  const [before, last] = rest > 0 ? [runs, rest] : [runs - 1, perRun];
  const own = runMs(load, last * meanWidth) as number;
  return waitMs(load, now) + (before * full * MARGIN) / target.sessions + own;
}
