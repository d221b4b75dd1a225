import { Worker } from 'node:worker_threads';
import { SLOTS, WorkerControl } from './control.js';
import type { Description, FromWorker, ToWorker, WireError, WorkerBootstrap } from './protocol.js';
import type { Task } from './task.js';

/** What a worker reports to its pool. @internal */
export interface PoolWorkerEvents {
  ready(worker: PoolWorker, description: Description): void;
  /** The worker has room for another task. */
  free(worker: PoolWorker): void;
  /** The thread is gone. `tasks` are those that it had not answered, oldest first. */
  exit(worker: PoolWorker, exit: WorkerExit): void;
}

/** @internal */
export interface WorkerExit {
  readonly tasks: readonly { readonly task: Task; readonly started: boolean }[];
  readonly reason: string;
  /** The model had been loaded. */
  readonly wasReady: boolean;
  /** Why the model could not be loaded, where that is why the thread ended. */
  readonly loadError: WireError | undefined;
}

/** @internal */
export interface PoolWorkerOptions {
  /** The program of the thread; the URL of `worker.js`. */
  readonly script: URL;
  readonly runnable: string;
  readonly init: unknown;
  /** Milliseconds that an abandoned task may go on in JavaScript before the thread is replaced. */
  readonly stuckMs: number;
}

/**
 * One worker thread, seen from its owner. It holds at most {@link SLOTS} tasks: the next one is in its mailbox
 * before the last one is answered, so it never idles while there is work.
 *
 * @internal
 */
export class PoolWorker {
  readonly #worker: Worker;
  readonly #control = new WorkerControl();
  /** Unanswered tasks by slot, oldest first; undefined where one was taken back. */
  readonly #tasks = new Map<number, Task | undefined>();
  readonly #exited: Promise<void>;
  #state: 'starting' | 'ready' | 'closing' | 'dead' = 'starting';
  #wasReady = false;
  #failure: string | undefined;
  #loadError: WireError | undefined;
  #watch: NodeJS.Timeout | undefined;

  constructor(
    private readonly options: PoolWorkerOptions,
    private readonly events: PoolWorkerEvents,
  ) {
    const { script, runnable, init } = options;
    const workerData: WorkerBootstrap = { runnable, init, control: this.#control.buffer };
    this.#worker = new Worker(script, { workerData });
    this.#worker.on('message', (message: FromWorker) => this.#receive(message));
    this.#worker.on(
      'error',
      (error: Error) => (this.#failure ??= `${error.name}: ${error.message}`),
    );
    this.#worker.on('messageerror', (error) => (this.#failure ??= error.message));
    this.#exited = new Promise((resolve) => {
      this.#worker.once('exit', (code) => {
        this.#ended(code);
        resolve();
      });
    });
  }

  get ready(): boolean {
    return this.#state === 'ready';
  }

  get load(): number {
    return this.#tasks.size;
  }

  /** @throws DataCloneError when the item cannot be sent; the worker is as it was. */
  post(task: Task): void {
    let slot = 0;
    while (this.#tasks.has(slot)) slot++;
    this.#control.post(slot);
    const message: ToWorker = { type: 'run', slot, method: task.method, item: task.item };
    this.#worker.postMessage(message, task.transfer);
    // Idle threads let the process end; busy ones must not, as their end in mid-run would abort it.
    if (this.#tasks.size === 0) this.#worker.ref();
    this.#tasks.set(slot, task);
  }

  /**
   * Takes a task back that waits behind another one; undefined where there is none, or it was given away. The
   * slot stays taken until the worker has seen that it is cancelled.
   */
  takeBack(): Task | undefined {
    for (const [slot, task] of this.#tasks) {
      if (task === undefined || task.settled || task.transfer.length > 0) continue;
      if (!this.#control.cancel(slot)) continue;
      this.#tasks.set(slot, undefined);
      return task;
    }
    return undefined;
  }

  /** The caller of a task has left: drop the task if it has not started, else see that it comes to an end. */
  abandon(task: Task): void {
    for (const [slot, held] of this.#tasks) {
      if (held !== task || this.#control.cancel(slot)) continue;
      this.#watchStuck(slot, task);
    }
  }

  /**
   * Releases the model and ends the thread, after the tasks it holds; with `force`, as soon as it runs no native
   * code. Resolves when it is gone.
   */
  async close(force = false): Promise<void> {
    if (force) {
      this.#terminateWhenSafe();
    } else if (this.#state === 'ready') {
      this.#state = 'closing';
      this.#worker.ref();
      this.#worker.postMessage({ type: 'close' } satisfies ToWorker);
    } else if (this.#state === 'starting') {
      this.#state = 'closing';
      this.#terminateWhenSafe();
    }
    await this.#exited;
  }

  #receive(message: FromWorker): void {
    switch (message.type) {
      case 'ready':
        if (this.#state !== 'starting') return;
        this.#state = 'ready';
        this.#wasReady = true;
        this.#worker.unref();
        return this.events.ready(this, message.description);
      case 'load-failed':
        this.#loadError = message.error;
        return this.#terminateWhenSafe();
      case 'closed':
        return this.#terminateWhenSafe();
      default:
        return this.#answered(message);
    }
  }

  #answered(message: Extract<FromWorker, { slot: number }>): void {
    const task = this.#tasks.get(message.slot);
    this.#tasks.delete(message.slot);
    this.#control.clear(message.slot);
    if (this.#tasks.size === 0 && this.#state === 'ready') this.#worker.unref();
    if (message.type === 'result') task?.succeed(message.value);
    else if (message.type === 'error') task?.fail(message.error);
    this.events.free(this);
  }

  /** Replaces the thread when an abandoned task stays in JavaScript: an expression that backtracks for ever. */
  #watchStuck(slot: number, task: Task): void {
    if (this.#watch !== undefined) return;
    let seen = this.#control.transitions;
    this.#watch = setInterval(() => {
      const transitions = this.#control.transitions;
      const running = this.#tasks.get(slot) === task;
      const stuck = running && transitions === seen && !this.#control.inNative;
      seen = transitions;
      if (running && !stuck) return;
      clearInterval(this.#watch);
      this.#watch = undefined;
      if (!stuck) return;
      this.#failure = `it was stuck for ${this.options.stuckMs} ms after its caller had left`;
      this.#terminateWhenSafe();
    }, this.options.stuckMs);
  }

  #terminateWhenSafe(): void {
    if (this.#state === 'dead') return;
    this.#state = 'closing';
    if (this.#control.kill()) {
      void this.#worker.terminate();
      return;
    }
    setTimeout(() => this.#terminateWhenSafe(), 20);
  }

  #ended(code: number): void {
    this.#state = 'dead';
    clearInterval(this.#watch);
    const tasks = [...this.#tasks].flatMap(([slot, task]) =>
      task === undefined ? [] : [{ task, started: this.#control.isTaken(slot) }],
    );
    this.#tasks.clear();
    this.events.exit(this, {
      tasks,
      wasReady: this.#wasReady,
      reason: this.#failure ?? `its thread ended with code ${code}`,
      loadError: this.#loadError,
    });
  }
}

/** Tasks that a worker takes: {@link SLOTS}, and one where the item was given away and cannot be taken back. @internal */
export function roomFor(task: Task, worker: PoolWorker): boolean {
  return worker.ready && worker.load < (task.transfer.length > 0 ? 1 : SLOTS);
}
