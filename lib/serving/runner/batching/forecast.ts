import type { Batch } from './batch-call.js';
import type { BatchQueue } from './batch-queue.js';
import type { BatchTarget } from './batch-target.js';
import type { RunTimes } from './run-times.js';

/** Runs take as long as those before them, give or take this much. */
const MARGIN = 1.2;

/** More than any run. */
const LARGEST = 2 ** 40;

export interface Load {
  readonly times: RunTimes;
  readonly queue: BatchQueue<never>;
  readonly running: ReadonlySet<Batch<never, never>>;
  readonly target: Pick<BatchTarget, 'sessions' | 'idle'>;
  /** Most rows of a run; undefined where each call runs alone. */
  readonly maxRows: number | undefined;
  readonly maxLatencyMs: number;
}

/** Milliseconds within which such a run should end; undefined before the first was measured. */
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
 * The largest run that is of use: a call may have to wait for one such run before it is in the next
 * one, and both have to be over in time. 0 where nothing is known: the first call runs alone, and
 * tells how many may run together.
 */
export function largestSize({ times, maxLatencyMs }: Load, most = LARGEST): number {
  return times.within(maxLatencyMs / 2 / MARGIN, most);
}

/**
 * How much more time the parts of a run may take together than the whole. Times hold the way to the
 * session and back, of small runs the larger part, and where runs follow each other it costs
 * nothing.
 */
const MOST_FOR_PARTS = 1.4;

/**
 * Whether a run of this size may be divided into so many: the parts take hardly longer one after
 * another, so that all of them are answered sooner but the last.
 */
export function divides({ times }: Load, size: number, parts: number): boolean {
  const [whole, part] = [times.of(size), times.of(size / parts)];
  return whole !== undefined && part !== undefined && part * parts <= whole * MOST_FOR_PARTS;
}

/** A whole run waits, or more. */
export function saturated(load: Load): boolean {
  const { queue, maxRows = 1 } = load;
  if (queue.rows >= maxRows) return true;
  const size = largestSize(load);
  return size > 0 && queue.size >= size;
}

/** Milliseconds until a newcomer is answered behind all that waits; undefined if unknown. */
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
  // The last one is the newcomer's own; the others make up for each other.
  const [before, last] = rest > 0 ? [runs, rest] : [runs - 1, perRun];
  const own = runMs(load, last * meanWidth) as number;
  return waitMs(load, now) + (before * full * MARGIN) / target.sessions + own;
}
