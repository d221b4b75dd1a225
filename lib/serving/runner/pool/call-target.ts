import type { BatchTarget } from '../batching/index.js';
import type { Description } from './protocol.js';
import type { Task, TaskStream } from './task.js';
import type { PoolStats } from './pool-stats.js';

/** Where the calls of a runner go: a pool of workers, or an object of this thread. */
export interface CallTarget extends BatchTarget {
  /** Known once it is open. */
  readonly description: Description | undefined;
  /** It takes calls: somewhere the model is loaded. */
  readonly ready: boolean;
  readonly stats: PoolStats;
  /** Tasks that wait for a worker. */
  readonly waiting: number;
  /**
   * Milliseconds in which the calls that wait should have been served; undefined while none was
   * measured.
   */
  readonly backlogMs: number | undefined;
  open(): Promise<Description>;
  /** Queues a call. `started` gets the task at once, so that the caller can {@link abandon} it. */
  run(
    method: string,
    item: unknown,
    transfer: boolean,
    started?: (task: Task) => void,
  ): Promise<unknown>;
  /**
   * Queues a call whose values the stream takes; resolves at its end. More than `stream.ahead` have
   * to be {@link pull}ed.
   */
  runStream(
    method: string,
    item: unknown,
    transfer: boolean,
    stream: TaskStream,
    started?: (task: Task) => void,
  ): Promise<unknown>;
  /** Asks for so many further values of a stream. */
  pull(task: Task, count: number): void;
  /** Rejects a call at once; one that has not started costs nothing any more. */
  abandon(task: Task, error: Error): void;
  /**
   * Waits for the calls in hand, at most `timeoutMs`, then refuses what is left, and releases the
   * model.
   */
  close(timeoutMs: number): Promise<void>;
}
