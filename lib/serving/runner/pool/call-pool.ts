import type { BatchFeeder, BatchTarget, StartedRun } from '../batching/index.js';
import { RunnerClosedError } from '../errors.js';
import { CallCounts, type PoolStats } from './pool-stats.js';
import type { Description } from './protocol.js';
import type { Task, TaskStream, Waiting } from './task.js';

export interface RunHow {
  /** Whether the buffers of the item may be transferred. */
  readonly transfer: boolean;
  readonly started?: ((task: Task) => void) | undefined;
  readonly stream?: TaskStream | undefined;
}

/** The target of a runner's calls: a pool of workers, or an object of this thread. */
export abstract class CallPool implements BatchTarget {
  protected readonly feeders = new Set<BatchFeeder>();
  protected readonly counts = new CallCounts();
  /** How many of {@link pending} serve several calls. */
  protected batches = 0;
  /** How many tasks are unanswered. */
  protected abstract readonly pending: { readonly size: number };
  #closing: Promise<void> | undefined;
  #drained: (() => void)[] = [];

  constructor(protected readonly name: string) {}

  /** Known once it is open. */
  abstract readonly description: Description | undefined;
  /** Whether it accepts calls: the model is loaded somewhere. */
  abstract readonly ready: boolean;
  abstract readonly stats: PoolStats;
  /** How many tasks wait for a worker. */
  abstract readonly waiting: number;
  /** The expected milliseconds for the waiting calls; undefined before the first measurement. */
  abstract readonly backlogMs: number | undefined;
  abstract readonly sessions: number;
  abstract readonly idle: number;
  abstract readonly room: number;

  /**
   * Queues a call. `waiting` gets its result. `started` gets the task at once, so that the caller
   * can {@link abandon} it. `stream`, if given, receives the values; the caller must {@link pull}
   * those beyond `stream.ahead`.
   */
  abstract queue(method: string, item: unknown, how: RunHow, waiting: Waiting): void;
  /** @throws ModelLoadError */
  abstract open(): Promise<Description>;
  /** Requests that many further values of a stream. */
  abstract pull(task: Task, count: number): void;
  /** Rejects a call at once. If it has not started, it costs nothing from now on. */
  abstract abandon(task: Task, error: Error): void;

  /** Refuses all new calls. */
  protected abstract stop(): void;
  /**
   * Refuses the remaining calls, and releases the model.
   * @param late Resolves when the time is over.
   */
  protected abstract end(closed: Error, unfinished: boolean, late: Promise<void>): Promise<void>;

  attach(feeder: BatchFeeder): void {
    this.feeders.add(feeder);
  }

  run(
    method: string,
    item: unknown,
    transfer: boolean,
    started?: (task: Task) => void,
  ): Promise<unknown> {
    return this.#promised(method, item, { transfer, started });
  }

  /** Queues a run that serves several calls. Its caller counts the calls. */
  runBatch(
    method: string,
    item: unknown,
    transfer: boolean,
    started: StartedRun,
  ): Promise<unknown> {
    const begun = (task: Task): void => {
      task.batch = true;
      this.batches++;
      started((error) => this.abandon(task, error), task);
    };
    return this.#promised(method, item, { transfer, started: begun });
  }

  #promised(method: string, item: unknown, how: RunHow): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.queue(method, item, how, { resolve, reject });
    });
  }

  /**
   * Waits for the calls in progress for at most `timeoutMs`, then refuses the rest and releases the
   * model. It always waits for native code.
   */
  close(timeoutMs: number): Promise<void> {
    this.#closing ??= this.#close(timeoutMs);
    return this.#closing;
  }

  /** Call it when a task has left {@link pending}. */
  protected settled(task: Task): void {
    if (task.batch) this.batches--;
    else this.counts.settled(task);
    if (this.pending.size > 0) return;
    for (const resolve of this.#drained.splice(0)) resolve();
  }

  async #close(timeoutMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => (timer = setTimeout(resolve, timeoutMs)));
    await Promise.race([this.#idle(), patience]);
    this.stop();
    const unfinished = this.pending.size > 0;
    const closed = new RunnerClosedError(this.name);
    for (const feeder of this.feeders) feeder.close(closed);
    await this.end(closed, unfinished, patience);
    clearTimeout(timer);
  }

  async #idle(): Promise<void> {
    await Promise.all([...this.feeders].map((feeder) => feeder.idle()));
    if (this.pending.size > 0) await new Promise<void>((resolve) => this.#drained.push(resolve));
  }
}
