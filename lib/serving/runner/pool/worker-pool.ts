import { RunnerClosedError, RunnerUnavailableError, WorkerDiedError } from '../errors.js';
import type { BatchFeeder, StartedRun } from '../batching/batch-target.js';
import type { CallTarget } from './call-target.js';
import type { WorkerExit } from './pool-member.js';
import { CallCounts, type PoolStats } from './pool-stats.js';
import type { Description, WireError } from './protocol.js';
import { Task, type TaskStream } from './task.js';
import { TaskDispatcher } from './task-dispatcher.js';
import { encode } from './transfer.js';
import { runError } from './wire-error.js';
import { WorkerCrew, type WorkerCrewOptions } from './worker-crew.js';

export type WorkerPoolOptions = WorkerCrewOptions;

interface RunHow {
  readonly transfer: boolean;
  readonly started?: ((task: Task) => void) | undefined;
  readonly stream?: TaskStream;
}

/**
 * Workers that each hold the same model, threads or processes, and the queue in front of them.
 *
 * Tasks start in the order they came. A worker that ends is started again; one that is stuck is
 * replaced; no thread is ever terminated while it runs native code, which would abort the process.
 */
export class WorkerPool implements CallTarget {
  readonly #dispatcher: TaskDispatcher;
  readonly #pending = new Set<Task>();
  readonly #feeders = new Set<BatchFeeder>();
  readonly #batches = new Set<Task>();
  readonly #calls = new CallCounts();
  readonly #crew: WorkerCrew;
  #closing: Promise<void> | undefined;
  #idle: (() => void)[] = [];

  constructor(private readonly options: WorkerPoolOptions) {
    this.#dispatcher = new TaskDispatcher(options.name);
    this.#crew = new WorkerCrew(options, this.#dispatcher.workers, {
      free: () => this.#offer(),
      lost: (exit) => this.#lost(exit),
      down: (reason) => this.#refuseQueue(reason),
    });
  }

  /**
   * Starts the workers; resolves when all have loaded the model.
   *
   * @throws ModelLoadError when one cannot load it; the others are closed.
   */
  open(): Promise<Description> {
    return this.#crew.open();
  }

  get description(): Description | undefined {
    return this.#crew.description;
  }

  /** At least one worker has its model loaded, and tasks are taken. */
  get ready(): boolean {
    return !this.#crew.dismissed && this.#crew.ready;
  }

  get stats(): PoolStats {
    const mailboxes = new Set([...this.#dispatcher.workers].flatMap((worker) => worker.mailbox));
    let [queued, running] = [0, 0];
    for (const task of this.#pending) {
      if (this.#batches.has(task)) continue;
      if (task.queued || mailboxes.has(task)) queued++;
      else running++;
    }
    return {
      ready: this.sessions,
      workers: this.options.workers,
      queued,
      running,
      ...this.#calls.counts,
      restarts: this.#crew.restarts,
    };
  }

  /** Tasks that wait for a worker. */
  get waiting(): number {
    return this.#dispatcher.waiting;
  }

  /**
   * Milliseconds in which the calls that wait should have been served; undefined while none was
   * measured.
   */
  get backlogMs(): number | undefined {
    const { meanRunMs } = this.#calls;
    if (meanRunMs === undefined) return undefined;
    return (meanRunMs * (this.waiting + 1)) / Math.max(1, this.sessions);
  }

  get sessions(): number {
    return this.#dispatcher.sessions;
  }

  get idle(): number {
    return this.#dispatcher.idle;
  }

  get room(): number {
    return this.#dispatcher.room;
  }

  attach(feeder: BatchFeeder): void {
    this.#feeders.add(feeder);
  }

  /** Queues a call. `started` gets the task at once, so that the caller can {@link abandon} it. */
  run(
    method: string,
    item: unknown,
    transfer: boolean,
    started?: (task: Task) => void,
  ): Promise<unknown> {
    return this.#run(method, item, { transfer, started });
  }

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
  ): Promise<unknown> {
    return this.#run(method, item, { transfer, started, stream });
  }

  /** Asks for so many further values of a stream. */
  pull(task: Task, count: number): void {
    for (const worker of this.#dispatcher.workers) worker.pull(task, count);
  }

  /** Queues a run that serves several calls; they are counted by who made it. */
  runBatch(
    method: string,
    item: unknown,
    transfer: boolean,
    started: StartedRun,
  ): Promise<unknown> {
    const begun = (task: Task): void => {
      this.#batches.add(task);
      started((error) => this.abandon(task, error), task);
    };
    return this.#run(method, item, { transfer, started: begun });
  }

  #run(method: string, item: unknown, how: RunHow): Promise<unknown> {
    const { name, isolation } = this.options;
    if (this.#crew.dismissed) return Promise.reject(new RunnerClosedError(name));
    const { downBecause } = this.#crew;
    if (downBecause !== undefined) {
      return Promise.reject(new RunnerUnavailableError(name, downBecause));
    }
    return new Promise((resolve, reject) => {
      // Nothing can be given to another process.
      const buffers = how.transfer && isolation !== 'process' ? new Set<ArrayBuffer>() : undefined;
      const settle = {
        resolve: (value: unknown) => {
          this.#settled(task);
          resolve(value);
        },
        reject: (error: unknown) => {
          this.#settled(task);
          reject(error as Error);
        },
        errorOf: (error: WireError) => runError(name, error),
      };
      const task = new Task(
        method,
        encode(item, buffers),
        [...(buffers ?? [])],
        settle,
        how.stream,
      );
      this.#pending.add(task);
      this.#dispatcher.queue.push(task);
      how.started?.(task);
      this.#dispatcher.dispatch();
    });
  }

  /** Rejects a call at once; one that has not started costs nothing any more. */
  abandon(task: Task, error: Error): void {
    if (task.settled) return;
    task.giveUp(error);
    for (const worker of this.#dispatcher.workers) worker.abandon(task);
  }

  /** Resolves when no call waits or runs. */
  async drained(): Promise<void> {
    await Promise.all([...this.#feeders].map((feeder) => feeder.idle()));
    if (this.#pending.size === 0) return;
    await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  /**
   * Waits for the calls in hand, at most `timeoutMs`, then refuses what is left; releases the
   * models and ends the workers. Native code is always waited for.
   */
  close(timeoutMs: number): Promise<void> {
    this.#closing ??= this.#close(timeoutMs);
    return this.#closing;
  }

  async #close(timeoutMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => (timer = setTimeout(resolve, timeoutMs)));
    await Promise.race([this.drained(), patience]);
    this.#crew.dismiss();
    const force = this.#pending.size > 0;
    for (const feeder of this.#feeders) feeder.close(new RunnerClosedError(this.options.name));
    for (const task of this.#pending) task.reject(new RunnerClosedError(this.options.name));
    const gone = this.#crew.close(force);
    // What is left runs for a caller that has left; it gets the rest of the time.
    if ((await Promise.race([gone, patience.then(() => 'late')])) === 'late') {
      await this.#crew.close(true);
    }
    clearTimeout(timer);
    this.#crew.abandonOpening();
  }

  /**
   * Gives free workers what waits: single calls in the order they came, then the batches that form
   * behind them.
   */
  #offer(): void {
    this.#dispatcher.dispatch();
    const feeders = [...this.#feeders];
    const [first] = feeders;
    if (first !== undefined && feeders.length > 1) {
      // Each is the first one in turn.
      this.#feeders.delete(first);
      this.#feeders.add(first);
    }
    for (const feeder of feeders) feeder.wake();
  }

  /** What had not begun can be run by others. */
  #lost({ tasks, reason }: WorkerExit): void {
    for (const { task, started } of [...tasks].reverse()) {
      if (task.settled) continue;
      if (started || task.transfer.length > 0) {
        task.reject(new WorkerDiedError(this.options.name, task.method, reason));
      } else this.#dispatcher.queue.pushFront(task);
    }
  }

  /** Callers learn it now, not when their time is over. */
  #refuseQueue(reason: string): void {
    const error = new RunnerUnavailableError(this.options.name, reason);
    for (const task of this.#dispatcher.takeWaiting()) task.reject(error);
  }

  #settled(task: Task): void {
    this.#dispatcher.queue.forget(task);
    this.#pending.delete(task);
    if (!this.#batches.delete(task)) this.#calls.settled(task);
    if (this.#pending.size > 0) return;
    for (const resolve of this.#idle.splice(0)) resolve();
  }
}
