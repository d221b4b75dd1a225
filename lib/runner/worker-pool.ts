import { tellObservers } from '../runtime/runner-observer.js';
import {
  ModelLoadError,
  RunnerClosedError,
  RunnerUnavailableError,
  WorkerDiedError,
} from './errors/index.js';
import type { BatchFeeder, StartedRun } from './batching/batch-target.js';
import type { CallTarget } from './call-target.js';
import type { PoolMember, PoolMemberEvents, WorkerExit } from './pool-member.js';
import { CallCounts, type PoolStats } from './pool-stats.js';
import { PoolWorker } from './pool-worker.js';
import { PoolProcess } from './process/pool-process.js';
import type { Description, WireError } from './protocol.js';
import { RestartDelay } from './restart-delay.js';
import { Task, type TaskStream } from './task.js';
import { TaskDispatcher } from './task-dispatcher.js';
import { encode } from './transfer.js';
import { runError } from './wire-error.js';

/** @internal */
export interface WorkerPoolOptions {
  /** The runner's name, for messages. */
  readonly name: string;
  readonly workers: number;
  /** Module that exports `open(init): Promise<Served>`; it is loaded in each worker. */
  readonly runnable: string;
  readonly init: unknown;
  /** Milliseconds that an abandoned task may go on before its worker is replaced; a thread in native code is waited for. */
  readonly stuckMs: number;
  /** @default 'thread' */
  readonly isolation?: 'thread' | 'process';
  /** The program of the workers. */
  readonly script?: URL;
  /** Told when a worker was lost. */
  readonly warn?: (message: string) => void;
}

const MEMBERS = {
  thread: [PoolWorker, './worker.js'],
  process: [PoolProcess, './process/child.js'],
} as const;

interface RunHow {
  readonly transfer: boolean;
  readonly started?: ((task: Task) => void) | undefined;
  readonly stream?: TaskStream;
}

/**
 * Workers that each hold the same model, threads or processes, and the queue in front of them.
 *
 * Tasks start in the order they came. A worker that ends is started again; one that is stuck is replaced; no
 * thread is ever terminated while it runs native code, which would abort the process.
 *
 * @internal
 */
export class WorkerPool implements CallTarget {
  readonly #dispatcher: TaskDispatcher;
  readonly #pending = new Set<Task>();
  readonly #feeders = new Set<BatchFeeder>();
  readonly #batches = new Set<Task>();
  readonly #calls = new CallCounts();
  readonly #delay = new RestartDelay();
  #restarts = 0;
  #opening: Promise<Description> | undefined;
  #opened: { resolve(value: Description): void; reject(error: Error): void } | undefined;
  #description: Description | undefined;
  #closing: Promise<void> | undefined;
  #closed = false;
  #down: string | undefined;
  #idle: (() => void)[] = [];

  constructor(private readonly options: WorkerPoolOptions) {
    this.#dispatcher = new TaskDispatcher(options.name);
  }

  /**
   * Starts the workers; resolves when all have loaded the model.
   *
   * @throws ModelLoadError when one cannot load it; the others are closed.
   */
  open(): Promise<Description> {
    this.#opening ??= new Promise<Description>((resolve, reject) => {
      this.#opened = { resolve, reject };
      for (let i = 0; i < this.options.workers; i++) this.#spawn();
    });
    return this.#opening;
  }

  get description(): Description | undefined {
    return this.#description;
  }

  /** At least one worker has its model loaded, and tasks are taken. */
  get ready(): boolean {
    return !this.#closed && [...this.#dispatcher.workers].some((worker) => worker.ready);
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
      restarts: this.#restarts,
    };
  }

  /** Tasks that wait for a worker. */
  get waiting(): number {
    return this.#dispatcher.waiting;
  }

  /** Milliseconds in which the calls that wait should have been served; undefined while none was measured. */
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

  /** Queues a call whose values the stream takes; resolves at its end. More than `stream.ahead` have to be {@link pull}ed. */
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
    if (this.#closed) return Promise.reject(new RunnerClosedError(name));
    if (this.#down !== undefined && !this.ready) {
      return Promise.reject(new RunnerUnavailableError(name, this.#down));
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
   * Waits for the calls in hand, at most `timeoutMs`, then refuses what is left; releases the models and ends the
   * workers. Native code is always waited for.
   */
  close(timeoutMs: number): Promise<void> {
    this.#closing ??= this.#close(timeoutMs);
    return this.#closing;
  }

  async #close(timeoutMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => (timer = setTimeout(resolve, timeoutMs)));
    await Promise.race([this.drained(), patience]);
    this.#closed = true;
    const force = this.#pending.size > 0;
    for (const feeder of this.#feeders) feeder.close(new RunnerClosedError(this.options.name));
    for (const task of this.#pending) task.reject(new RunnerClosedError(this.options.name));
    const workers = [...this.#dispatcher.workers];
    const gone = Promise.all(workers.map((worker) => worker.close(force)));
    // What is left runs for a caller that has left; it gets the rest of the time.
    if ((await Promise.race([gone, patience.then(() => 'late')])) === 'late') {
      await Promise.all(workers.map((worker) => worker.close(true)));
    }
    clearTimeout(timer);
    this.#opened?.reject(new RunnerClosedError(this.options.name));
  }

  #spawn(): void {
    const { isolation = 'thread', runnable, init, stuckMs } = this.options;
    const [Member, program] = MEMBERS[isolation];
    const { script = new URL(program, import.meta.url) } = this.options;
    const begun = performance.now();
    const events: PoolMemberEvents = {
      ready: (_member, description) => this.#ready(description, performance.now() - begun),
      free: () => {
        this.#delay.served();
        this.#offer();
      },
      exit: (member, exit) => this.#exit(member, exit),
    };
    this.#dispatcher.workers.add(new Member({ script, runnable, init, stuckMs }, events));
  }

  #ready(description: Description, ms: number): void {
    this.#description ??= description;
    this.#delay.loaded();
    this.#down = undefined;
    const { name: runner, workers } = this.options;
    if (this.#opened === undefined) tellObservers('loaded', { runner, workers: 1, ms });
    else if (this.sessions === workers) {
      // They load side by side: the last one's time is that of all.
      tellObservers('loaded', { runner, workers, ms });
      this.#opened.resolve(this.#description);
      this.#opened = undefined;
    }
    this.#offer();
  }

  /** Gives free workers what waits: single calls in the order they came, then the batches that form behind them. */
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

  #exit(worker: PoolMember, exit: WorkerExit): void {
    const { name } = this.options;
    this.#dispatcher.workers.delete(worker);
    for (const { task, started } of [...exit.tasks].reverse()) {
      if (task.settled) continue;
      if (started || task.transfer.length > 0) {
        task.reject(new WorkerDiedError(name, task.method, exit.reason));
      } else this.#dispatcher.queue.pushFront(task);
    }
    // Closed, or given up as another worker could not load the model: none is to come in its place.
    if (this.#closed) return;
    const { kind, message } = exit.loadError ?? { kind: 'Error', message: exit.reason };
    if (this.#opened !== undefined) {
      const failed = new ModelLoadError(name, kind, message);
      const { reject } = this.#opened;
      this.#opened = undefined;
      this.#closed = true;
      void Promise.all([...this.#dispatcher.workers].map((other) => other.close(true))).then(() =>
        reject(failed),
      );
      return;
    }
    this.#restart(exit.wasReady, message);
  }

  #restart(wasReady: boolean, reason: string): void {
    const { name, warn } = this.options;
    this.#restarts++;
    const delay = this.#delay.next(wasReady);
    tellObservers('restarted', { runner: name, reason });
    warn?.(`A worker of ${name} was lost (${reason}); another one starts in ${delay} ms.`);
    if (!wasReady) this.#refuseQueue(reason);
    setTimeout(() => {
      if (!this.#closed) this.#spawn();
    }, delay).unref();
  }

  /** A model that can no longer be loaded may never be: callers learn it now, not when their time is over. */
  #refuseQueue(reason: string): void {
    this.#down = reason;
    if (this.ready) return;
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
