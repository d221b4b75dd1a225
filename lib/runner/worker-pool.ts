import {
  ModelLoadError,
  RunFailedError,
  RunInputError,
  RunnerClosedError,
  RunnerUnavailableError,
  UnclonableItemError,
  WorkerDiedError,
} from './errors/index.js';
import { PoolWorker, roomFor, type PoolWorkerEvents, type WorkerExit } from './pool-worker.js';
import type { Description, WireError } from './protocol.js';
import { Task, TaskQueue } from './task.js';
import { encode } from './transfer.js';

const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 30_000;

/** @internal */
export interface WorkerPoolOptions {
  /** The runner's name, for messages. */
  readonly name: string;
  readonly workers: number;
  /** Module that exports `open(init): Promise<Served>`; it is loaded in each worker. */
  readonly runnable: string;
  readonly init: unknown;
  /** Milliseconds that an abandoned task may go on in JavaScript before its worker is replaced. */
  readonly stuckMs: number;
  /** The program of the threads. */
  readonly script?: URL;
  /** Told when a worker was lost. */
  readonly warn?: (message: string) => void;
}

/** Figures of a pool at this moment; counts are since its start. @publicApi */
export interface RunnerStats {
  /** Workers with their model loaded, of those the runner wants. */
  readonly ready: number;
  readonly workers: number;
  readonly queued: number;
  readonly running: number;
  readonly completed: number;
  readonly failed: number;
  readonly abandoned: number;
  readonly restarts: number;
}

/**
 * Worker threads that each hold the same model, and the queue in front of them.
 *
 * Tasks start in the order they came. A worker that ends is started again; one that is stuck in JavaScript is
 * replaced; none is ever terminated while it runs native code, which would abort the process.
 *
 * @internal
 */
export class WorkerPool {
  readonly #workers = new Set<PoolWorker>();
  readonly #queue = new TaskQueue();
  readonly #pending = new Set<Task>();
  readonly #counts = { completed: 0, failed: 0, abandoned: 0, restarts: 0 };
  #opening: Promise<Description> | undefined;
  #opened: { resolve(value: Description): void; reject(error: Error): void } | undefined;
  #description: Description | undefined;
  #closing: Promise<void> | undefined;
  #closed = false;
  #failedLoads = 0;
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

  get stats(): RunnerStats {
    const queued = this.#queue.size;
    return {
      ready: [...this.#workers].filter((worker) => worker.ready).length,
      workers: this.options.workers,
      queued,
      running: this.#pending.size - queued,
      ...this.#counts,
    };
  }

  /** Queues a call. `started` gets the task at once, so that the caller can {@link abandon} it. */
  run(
    method: string,
    item: unknown,
    transfer: boolean,
    started?: (task: Task) => void,
  ): Promise<unknown> {
    const { name } = this.options;
    if (this.#closed) return Promise.reject(new RunnerClosedError(name));
    if (this.#down !== undefined && !this.ready) {
      return Promise.reject(new RunnerUnavailableError(name, this.#down));
    }
    return new Promise((resolve, reject) => {
      const buffers = transfer ? new Set<ArrayBuffer>() : undefined;
      const task = new Task(method, encode(item, buffers), [...(buffers ?? [])], {
        resolve: (value) => {
          this.#counts.completed++;
          this.#settled(task);
          resolve(value);
        },
        reject: (error) => {
          this.#counts.failed++;
          this.#settled(task);
          reject(error as Error);
        },
        errorOf: (error) => runError(name, error),
      });
      this.#pending.add(task);
      this.#queue.push(task);
      started?.(task);
      this.#dispatch();
    });
  }

  /** Rejects a call at once; one that has not started costs nothing any more. */
  abandon(task: Task, error: Error): void {
    if (task.settled) return;
    this.#counts.abandoned++;
    task.reject(error);
    for (const worker of this.#workers) worker.abandon(task);
  }

  /** Resolves when no call waits or runs. */
  async idle(): Promise<void> {
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
    await Promise.race([this.idle(), patience]);
    this.#closed = true;
    const force = this.#pending.size > 0;
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
    const {
      script = new URL('./worker.js', import.meta.url),
      runnable,
      init,
      stuckMs,
    } = this.options;
    const events: PoolWorkerEvents = {
      ready: (_worker, description) => this.#ready(description),
      free: () => this.#dispatch(),
      exit: (worker, exit) => this.#exit(worker, exit),
    };
    this.#workers.add(new PoolWorker({ script, runnable, init, stuckMs }, events));
  }

  #ready(description: Description): void {
    this.#description ??= description;
    this.#failedLoads = 0;
    this.#down = undefined;
    if (this.#opened !== undefined && this.stats.ready === this.options.workers) {
      this.#opened.resolve(this.#description);
      this.#opened = undefined;
    }
    this.#dispatch();
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

  #leastBusy(task: Task): PoolWorker | undefined {
    let least: PoolWorker | undefined;
    for (const worker of this.#workers) {
      if (roomFor(task, worker) && worker.load < (least?.load ?? Infinity)) least = worker;
    }
    return least;
  }

  /** A task may wait in the mailbox of a worker with a long one, while this worker has none. */
  #steal(worker: PoolWorker): void {
    for (const other of this.#workers) {
      if (other === worker || other.load < 2) continue;
      const task = other.takeBack();
      if (task !== undefined) return this.#post(worker, task);
    }
  }

  #post(worker: PoolWorker, task: Task): void {
    try {
      worker.post(task);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      task.reject(new UnclonableItemError(this.options.name, task.method, reason));
    }
  }

  #exit(worker: PoolWorker, exit: WorkerExit): void {
    const { name } = this.options;
    this.#workers.delete(worker);
    for (const { task, started } of [...exit.tasks].reverse()) {
      if (task.settled) continue;
      if (started || task.transfer.length > 0) {
        task.reject(new WorkerDiedError(name, task.method, exit.reason));
      } else this.#queue.pushFront(task);
    }
    if (this.#closing !== undefined && this.#closed) return;
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
    this.#counts.restarts++;
    const delay = wasReady ? 0 : Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** this.#failedLoads++);
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
    this.#pending.delete(task);
    if (this.#pending.size > 0) return;
    for (const resolve of this.#idle.splice(0)) resolve();
  }
}

function runError(name: string, { kind, message, stack, input }: WireError): Error {
  return input
    ? new RunInputError(name, kind, message)
    : new RunFailedError(name, kind, message, stack);
}
