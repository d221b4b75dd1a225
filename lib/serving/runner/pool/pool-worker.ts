import { Worker } from 'node:worker_threads';
import { SLOTS, WorkerControl } from './control.js';
import type { PoolMember, PoolMemberEvents, PoolMemberOptions } from './pool-member.js';
import type { FromWorker, ToWorker, WireError, WorkerBootstrap } from './protocol.js';
import type { Task } from './task.js';

/**
 * One worker thread, seen from its owner. It holds at most {@link SLOTS} tasks: the next one is in
 * its mailbox before the last one is answered, so it never idles while there is work.
 */
export class PoolWorker implements PoolMember {
  readonly slots = SLOTS;
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
    private readonly options: PoolMemberOptions,
    private readonly events: PoolMemberEvents,
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

  get mailbox(): readonly Task[] {
    const [, ...behind] = this.#tasks.values();
    return behind.filter((task): task is Task => task?.settled === false);
  }

  post(task: Task): void {
    let slot = 0;
    while (this.#tasks.has(slot)) slot++;
    this.#control.post(slot);
    const { method, item, ahead, traced } = task;
    const how = {
      ...(ahead === undefined ? {} : { ahead }),
      ...(traced ? { traced } : {}),
    };
    this.#send({ type: 'run', slot, method, item, ...how }, task.transfer);
    // Idle threads let the process end; busy ones must not, as their end in mid-run would abort it.
    if (this.#tasks.size === 0) this.#worker.ref();
    this.#tasks.set(slot, task);
  }

  /** The slot stays taken until the worker has seen that its task is cancelled. */
  takeBack(): Task | undefined {
    for (const [slot, task] of this.#tasks) {
      if (task === undefined || task.settled || task.transfer.length > 0) continue;
      if (!this.#control.cancel(slot)) continue;
      this.#tasks.set(slot, undefined);
      return task;
    }
    return undefined;
  }

  abandon(task: Task): void {
    for (const [slot, held] of this.#tasks) {
      if (held !== task || this.#control.cancel(slot)) continue;
      this.#send({ type: 'leave', slot });
      this.#watchStuck(slot, task);
    }
  }

  pull(task: Task, count: number): void {
    for (const [slot, held] of this.#tasks) {
      if (held === task) this.#send({ type: 'pull', slot, count });
    }
  }

  /** With `force` the thread goes as soon as it runs no native code. */
  async close(force = false): Promise<void> {
    if (force) {
      this.#terminateWhenSafe();
    } else if (this.#state === 'ready') {
      this.#state = 'closing';
      this.#worker.ref();
      this.#send({ type: 'close' });
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
      case 'value':
        return this.#tasks.get(message.slot)?.yielded(message.value);
      default:
        return this.#answered(message);
    }
  }

  #answered(message: Extract<FromWorker, { type: 'result' | 'error' | 'skipped' }>): void {
    const task = this.#tasks.get(message.slot);
    this.#tasks.delete(message.slot);
    this.#control.clear(message.slot);
    if (this.#tasks.size === 0 && this.#state === 'ready') this.#worker.unref();
    if (message.type === 'result') task?.succeed(message.value, message);
    else if (message.type === 'error') task?.fail(message.error, message);
    this.events.free(this);
  }

  /**
   * Replaces the thread when an abandoned task stays in JavaScript: an expression that backtracks
   * for ever.
   */
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

  /** @throws DataCloneError */
  #send(message: ToWorker, transfer: readonly ArrayBuffer[] = []): void {
    this.#worker.postMessage(message, transfer);
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
