import type { CallEvent } from '../../runtime/runner-observer.js';
import type { Task } from './task.js';

/** The figure that counts calls with this outcome. */
export const COUNTED = {
  ok: 'completed',
  input: 'rejected',
  failed: 'failed',
  abandoned: 'abandoned',
} as const satisfies Readonly<Record<CallEvent['outcome'], string>>;

/** The weight of the latest run in the mean of run times. */
const NEWEST = 0.1;

/** The current figures of a pool. Counts are since its start. @publicApi */
export interface RunnerStats {
  /** Workers that have loaded their model. */
  readonly ready: number;
  readonly workers: number;
  /** Calls that wait. */
  readonly queued: number;
  /** Calls that run. */
  readonly running: number;
  /** Whether the queue is full, so a further call would be refused. */
  readonly full: boolean;
  /** Calls that were answered. */
  readonly completed: number;
  /** Calls that failed, except those below. */
  readonly failed: number;
  /** Calls whose item was at fault. */
  readonly rejected: number;
  /** Calls that their callers abandoned, or that exceeded their time limit. */
  readonly abandoned: number;
  /** Calls that were refused because of the load. */
  readonly shed: number;
  /** Workers that died or were replaced. */
  readonly restarts: number;
}

/** The figures of a pool itself, which does not refuse calls. */
export type PoolStats = Omit<RunnerStats, 'full' | 'shed'>;

/** The outcomes of a pool's calls, and how long they run. */
export class CallCounts {
  readonly counts = { completed: 0, failed: 0, rejected: 0, abandoned: 0 };
  /** Undefined before the first measurement. */
  meanRunMs: number | undefined;

  settled({ outcome = 'failed', timing, ahead }: Task): void {
    this.counts[COUNTED[outcome]]++;
    // The time of a stream depends on its reader.
    if (timing === undefined || ahead !== undefined) return;
    const mean = this.meanRunMs ?? timing.runMs;
    this.meanRunMs = mean + NEWEST * (timing.runMs - mean);
  }
}
