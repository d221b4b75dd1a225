import { Roster } from '../../runtime/roster.js';
import { RunnerClosedError, RunnerUnavailableError, WorkerDiedError } from '../errors.js';
import { CallPool, type RunHow } from './call-pool.js';
import type { WorkerExit } from './pool-member.js';
import type { PoolStats } from './pool-stats.js';
import type { Description, WireError } from './protocol.js';
import { Task, type TaskOwner, type Waiting } from './task.js';
import { TaskDispatcher } from './task-dispatcher.js';
import { encode } from './transfer.js';
import { runError } from './wire-error.js';
import { WorkerCrew, type WorkerCrewOptions } from './worker-crew.js';

export type WorkerPoolOptions = WorkerCrewOptions;

const NONE: readonly ArrayBuffer[] = [];

/**
 * Workers that each hold the same model, threads or processes, and the queue in front of them.
 * Tasks start in the order of arrival. The pool restarts a worker that ends, and replaces one that
 * is stuck. It never terminates a thread that runs native code, because that would abort the
 * process.
 */
export class WorkerPool extends CallPool {
  protected readonly pending = new Roster<Task>();
  readonly #dispatcher: TaskDispatcher;
  readonly #crew: WorkerCrew;
  readonly #owner: TaskOwner;

  constructor(private readonly options: WorkerPoolOptions) {
    super(options.name);
    this.#dispatcher = new TaskDispatcher(options.name);
    this.#crew = new WorkerCrew(options, this.#dispatcher.workers, {
      free: () => this.#offer(),
      backlogMs: () => this.backlogMs ?? 0,
      lost: (exit) => this.#lost(exit),
      down: (reason) => this.#refuseQueue(reason),
    });
    this.#owner = {
      left: (task) => this.#leave(task),
      errorOf: (error: WireError) => runError(options.name, error),
    };
  }

  /**
   * Resolves when its first workers have loaded the model. If one cannot, the others are closed.
   */
  open(): Promise<Description> {
    return this.#crew.open();
  }

  get description(): Description | undefined {
    return this.#crew.description;
  }

  get ready(): boolean {
    return !this.#crew.dismissed && this.#crew.ready;
  }

  get stats(): PoolStats {
    const mailboxes = new Set([...this.#dispatcher.workers].flatMap((worker) => worker.mailbox));
    let [queued, running] = [0, 0];
    for (const task of this.pending) {
      if (task.batch) continue;
      if (task.queued || mailboxes.has(task)) queued++;
      else running++;
    }
    return {
      ready: this.sessions,
      workers: this.#crew.wanted,
      queued,
      running,
      ...this.counts.counts,
      restarts: this.#crew.restarts,
    };
  }

  get waiting(): number {
    return this.#dispatcher.waiting;
  }

  get backlogMs(): number | undefined {
    const { meanRunMs } = this.counts;
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

  pull(task: Task, count: number): void {
    for (const worker of this.#dispatcher.workers) worker.pull(task, count);
  }

  abandon(task: Task, error: Error): void {
    if (task.settled) return;
    task.giveUp(error);
    for (const worker of this.#dispatcher.workers) worker.abandon(task);
  }

  protected stop(): void {
    this.#crew.dismissed = true;
  }

  protected async end(closed: Error, unfinished: boolean, late: Promise<void>): Promise<void> {
    for (const task of this.pending) task.reject(closed);
    const gone = this.#crew.close(unfinished);
    // The remaining tasks run for callers that have left. They get the rest of the time.
    if ((await Promise.race([gone, late.then(() => 'late')])) === 'late') {
      await this.#crew.close(true);
    }
    this.#crew.abandonOpening();
  }

  queue(method: string, item: unknown, how: RunHow, waiting: Waiting): void {
    const { name, isolation } = this.options;
    if (this.#crew.dismissed) return waiting.reject(new RunnerClosedError(name));
    const { downBecause } = this.#crew;
    if (downBecause !== undefined) {
      return waiting.reject(new RunnerUnavailableError(name, downBecause));
    }
    // Buffers cannot be transferred to another process or shared with it.
    const apart = isolation === 'process';
    const buffers = how.transfer && !apart ? new Set<ArrayBuffer>() : undefined;
    const encoded = encode(item, buffers, !apart);
    const transfer = buffers === undefined ? NONE : [...buffers];
    const task = new Task(method, encoded, transfer, waiting, this.#owner, how.stream);
    this.pending.add(task);
    this.#dispatcher.queue.push(task);
    how.started?.(task);
    this.#dispatcher.dispatch();
  }

  /** Gives free workers single calls in order, then the batches that form behind them. */
  #offer(): void {
    this.#dispatcher.dispatch();
    if (this.feeders.size === 0) return;
    const feeders = [...this.feeders];
    const [first] = feeders;
    if (first !== undefined && feeders.length > 1) {
      // Each batcher is the first one in turn.
      this.feeders.delete(first);
      this.feeders.add(first);
    }
    for (const feeder of feeders) feeder.wake();
  }

  /** Other workers can run tasks that had not started. */
  #lost({ tasks, reason }: WorkerExit): void {
    for (const { task, started } of [...tasks].reverse()) {
      if (task.settled) continue;
      if (started || task.transfer.length > 0) {
        task.reject(new WorkerDiedError(this.name, task.method, reason));
      } else this.#dispatcher.queue.pushFront(task);
    }
  }

  /** Callers get the error now, not when their time is over. */
  #refuseQueue(reason: string): void {
    const error = new RunnerUnavailableError(this.name, reason);
    for (const task of this.#dispatcher.takeWaiting()) task.reject(error);
  }

  #leave(task: Task): void {
    this.#dispatcher.queue.forget(task);
    this.pending.delete(task);
    this.settled(task);
  }
}
