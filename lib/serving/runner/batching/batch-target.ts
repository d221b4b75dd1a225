import type { CallTiming } from '../../runtime/call-trace.js';

/** What runs the batches: a pool of workers, or anything like it. */
export interface BatchTarget {
  /** Those that can run a batch each at the same time: the workers that are ready. */
  readonly sessions: number;
  /** Sessions that have nothing to do. */
  readonly idle: number;
  /** Batches that may be handed over now; those beyond {@link idle} wait behind one that runs. */
  readonly room: number;
  open(): Promise<unknown>;
  /**
   * Runs a method on a merged item. The counts above have changed when this returns. `started`
   * gets, at once, what gives the run up: it rejects then, and costs nothing if it had not begun.
   *
   * With `transfer` the item's buffers may be given away.
   */
  runBatch(method: string, item: unknown, transfer: boolean, started: StartedRun): Promise<unknown>;
  attach(feeder: BatchFeeder): void;
}

/** What keeps calls of its own in front of a {@link BatchTarget}. */
export interface BatchFeeder {
  /** A session has become free, or has been lost or gained. */
  wake(): void;
  /** Resolves when no call waits or runs; the target waits for it before it closes. */
  idle(): Promise<void>;
  /** Refuses the calls in progress and all that come; the target calls it when it closes. */
  close(error: Error): void;
}

/**
 * Told of a run that has been queued: what gives it up, and, where the target has workers, what
 * becomes known of it.
 */
export type StartedRun = (abandon: (error: Error) => void, run?: TracedRun) => void;

export interface TracedRun {
  /** To be set where somebody wants to know what its worker spends its time on. */
  traced?: true;
  /** When it ran; undefined where no worker had it. */
  readonly ran: CallTiming | undefined;
}
