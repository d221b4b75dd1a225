import { tellObservers } from '../runtime/runner-observer.js';
import {
  ModelLoadError,
  RunnerClosedError,
  RunnerUnavailableError,
  UnclonableItemError,
  WorkerDiedError,
} from './errors/index.js';
import type { BatchFeeder, StartedRun } from './batching/batch-target.js';
import type { CallTarget } from './call-target.js';
import { roomFor, type PoolMember, type PoolMemberEvents, type WorkerExit } from './pool-member.js';
import { PoolWorker } from './pool-worker.js';
import { PoolProcess } from './process/pool-process.js';
import type { Description, WireError } from './protocol.js';
import { RestartDelay } from './restart-delay.js';
import { Task, TaskQueue, type TaskStream } from './task.js';
import { encode } from './transfer.js';
import { runError } from './wire-error.js';

/** How much the latest run counts in the mean of their times. */
const NEWEST = 0.1;

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

/** Figures of a pool at this moment; counts are since its start. @publicApi */
export interface RunnerStats {
  /** Workers with their model loaded, of those the runner wants. */
  readonly ready: number;
  readonly workers: number;
  /** Calls that wait. */
  readonly queued: number;
  /** Calls that run. */
  readonly running: number;
  /** No further call may wait now: it would be refused. */
  readonly full: boolean;
  /** Calls that were answered. */
  readonly completed: number;
  /** Calls that failed, but for those below. */
  readonly failed: number;
  /** Calls whose item was at fault. */
  readonly rejected: number;
  /** Calls that were given up by their callers, or whose time was over. */
  readonly abandoned: number;
  /** Calls that were refused because of the load. */
  readonly shed: number;
  /** Workers that were lost. */
  readonly restarts: number;
}

/** What a pool itself knows of that: no call is refused here. @internal */
export type PoolStats = Omit<RunnerStats, 'full' | 'shed'>;

const COUNTED = {
  ok: 'completed',
  input: 'rejected',
  failed: 'failed',
  abandoned: 'abandoned',
} as const;

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
  readonly #workers = new Set<PoolMember>();
  readonly #queue = new TaskQueue();
  readonly #pending = new Set<Task>();
  readonly #feeders = new Set<BatchFeeder>();
  readonly #batches = new Set<Task>();
  readonly #counts = { completed: 0, failed: 0, rejected: 0, abandoned: 0 };
  readonly #delay = new RestartDelay();
  #restarts = 0;
  #meanRunMs: number | undefined;
  #opening: Promise<Description> | undefined;
  #opened: { resolve(value: Description): void; reject(error: Error): void } | undefined;
  #description: Description | undefined;
  #closing: Promise<void> | undefined;
  #closed = false;
  #down: string | undefined;
  #idle: (() => void)[] = [];

  constructor(private readonly options: WorkerPoolOptions) {}

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
    return !this.#closed && [...this.#workers].some((worker) => worker.ready);
  }

  get stats(): PoolStats {
    const mailboxes = new Set([...this.#workers].flatMap((worker) => worker.mailbox));
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
      ...this.#counts,
      restarts: this.#restarts,
    };
  }

  /** Tasks that wait for a worker. */
  get waiting(): number {
    return this.#queue.size + this.#count((worker) => worker.mailbox.length);
  }

  /** Milliseconds in which the calls that wait should have been served; undefined while none was measured. */
  get backlogMs(): number | undefined {
    if (this.#meanRunMs === undefined) return undefined;
    return (this.#meanRunMs * (this.waiting + 1)) / Math.max(1, this.sessions);
  }

  get sessions(): number {
    return this.#count((worker) => (worker.ready ? 1 : 0));
  }

  get idle(): number {
    if (this.#queue.peek() !== undefined) return 0;
    return this.#count((worker) => (worker.ready && worker.load === 0 ? 1 : 0));
  }

  get room(): number {
    if (this.#queue.peek() !== undefined) return 0;
    return this.#count((worker) => (worker.ready ? Math.max(0, worker.slots - worker.load) : 0));
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
    for (const worker of this.#workers) worker.pull(task, count);
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
      this.#queue.push(task);
      how.started?.(task);
      this.#dispatch();
    });
  }

  /** Rejects a call at once; one that has not started costs nothing any more. */
  abandon(task: Task, error: Error): void {
    if (task.settled) return;
    task.giveUp(error);
    for (const worker of this.#workers) worker.abandon(task);
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
    const workers = [...this.#workers];
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
    this.#workers.add(new Member({ script, runnable, init, stuckMs }, events));
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
    this.#dispatch();
    const feeders = [...this.#feeders];
    const [first] = feeders;
    if (first !== undefined && feeders.length > 1) {
      // Each is the first one in turn.
      this.#feeders.delete(first);
      this.#feeders.add(first);
    }
    for (const feeder of feeders) feeder.wake();
  }

  #count(of: (worker: PoolMember) => number): number {
    let sum = 0;
    for (const worker of this.#workers) sum += of(worker);
    return sum;
  }

  #dispatch(): void {
    for (let task = this.#queue.peek(); task !== undefined; task = this.#queue.peek()) {
      const worker = this.#leastBusy(task);
      if (worker === undefined) return;
      this.#queue.shift();
      this.#post(worker, task);
    }
    for (const worker of this.#workers) if (worker.ready && worker.load === 0) this.#steal(worker);
  }

  #leastBusy(task: Task): PoolMember | undefined {
    let least: PoolMember | undefined;
    for (const worker of this.#workers) {
      if (roomFor(task, worker) && worker.load < (least?.load ?? Infinity)) least = worker;
    }
    return least;
  }

  /** A task may wait in the mailbox of a worker with a long one, while this worker has none. */
  #steal(worker: PoolMember): void {
    for (const other of this.#workers) {
      if (other === worker || other.load < 2) continue;
      const task = other.takeBack();
      if (task !== undefined) return this.#post(worker, task);
    }
  }

  #post(worker: PoolMember, task: Task): void {
    try {
      task.postedAt = performance.now();
      worker.post(task);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      task.reject(new UnclonableItemError(this.options.name, task.method, reason));
    }
  }

  #exit(worker: PoolMember, exit: WorkerExit): void {
    const { name } = this.options;
    this.#workers.delete(worker);
    for (const { task, started } of [...exit.tasks].reverse()) {
      if (task.settled) continue;
      if (started || task.transfer.length > 0) {
        task.reject(new WorkerDiedError(name, task.method, exit.reason));
      } else this.#queue.pushFront(task);
    }
    // Closed, or given up as another worker could not load the model: none is to come in its place.
    if (this.#closed) return;
    const { kind, message } = exit.loadError ?? { kind: 'Error', message: exit.reason };
    if (this.#opened !== undefined) {
      const failed = new ModelLoadError(name, kind, message);
      const { reject } = this.#opened;
      this.#opened = undefined;
      this.#closed = true;
      void Promise.all([...this.#workers].map((other) => other.close(true))).then(() =>
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
    for (let task = this.#queue.shift(); task !== undefined; task = this.#queue.shift()) {
      task.reject(new RunnerUnavailableError(this.options.name, reason));
    }
  }

  #settled(task: Task): void {
    this.#queue.forget(task);
    this.#pending.delete(task);
    if (!this.#batches.delete(task)) this.#note(task);
    if (this.#pending.size > 0) return;
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  #note({ outcome = 'failed', timing, ahead }: Task): void {
    this.#counts[COUNTED[outcome]]++;
    // The time of a stream is that of whoever reads it.
    if (timing === undefined || ahead !== undefined) return;
    const mean = this.#meanRunMs ?? timing.runMs;
    this.#meanRunMs = mean + NEWEST * (timing.runMs - mean);
  }
}
