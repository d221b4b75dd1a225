import type { CallTiming } from '../../runtime/call-trace.js';

/** Runs the batches: a pool of workers, or anything like it. */
export interface BatchTarget {
  /** The number of batches that can run at the same time: one per ready worker. */
  readonly sessions: number;
  /** Idle sessions. */
  readonly idle: number;
  /**
   * The number of batches that may be handed over now. Those beyond {@link idle} wait behind a
   * running one.
   */
  readonly room: number;
  open(): Promise<unknown>;
  /**
   * Runs a method on a merged item. The counts above have changed when this returns. `started`
   * immediately gets a function that abandons the run: the run then rejects, and costs nothing if
   * it had not started.
   *
   * With `transfer`, the item's buffers may be transferred.
   */
  runBatch(method: string, item: unknown, transfer: boolean, started: StartedRun): Promise<unknown>;
  attach(feeder: BatchFeeder): void;
}

/** Keeps its own queue of calls in front of a {@link BatchTarget}. */
export interface BatchFeeder {
  /** Called when a session has become free, or has been lost or added. */
  wake(): void;
  /** Resolves when no call is waiting or running. The target waits for this before it closes. */
  idle(): Promise<void>;
  /** Refuses the calls in progress and all new ones. The target calls it when it closes. */
  close(error: Error): void;
}

/**
 * Receives a queued run: a function that abandons it and, if the target has workers, its timing.
 */
export type StartedRun = (abandon: (error: Error) => void, run?: TracedRun) => void;

export interface TracedRun {
  /** Set this to record how its worker spends its time. */
  traced?: true;
  /** When it ran; undefined if no worker got it. */
  readonly ran: CallTiming | undefined;
}
