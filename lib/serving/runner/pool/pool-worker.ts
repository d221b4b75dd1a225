import { Worker } from 'node:worker_threads';
import { refuseTelemetry } from '../../../learner/runtime/telemetry.js';
import { SLOTS, WorkerControl } from './control.js';
import { PoolMember, type PoolMemberEvents, type PoolMemberOptions } from './pool-member.js';
import type { FromWorker, ToWorker, WorkerBootstrap } from './protocol.js';
import type { Task } from './task.js';

/**
 * One worker thread, from the view of its owner. It holds at most {@link SLOTS} tasks. The next
 * ones are in its mailbox before the last one is answered, so it never idles while there is work.
 */
export class PoolWorker extends PoolMember {
  readonly slots = SLOTS;
  readonly #worker: Worker;
  readonly #control = new WorkerControl();
  /** Slots with an unanswered task, oldest first. Not a map, for the reason that `Roster` gives. */
  readonly #slots: number[] = [];
  /** Their tasks by slot; undefined for a task that was taken back. */
  readonly #tasks: (Task | undefined)[] = [];
  readonly #exited: Promise<void>;
  #watch: NodeJS.Timeout | undefined;

  constructor(options: PoolMemberOptions, events: PoolMemberEvents) {
    super(options, events);
    const { script, runnable, init } = options;
    const workerData: WorkerBootstrap = { runnable, init, control: this.#control.buffer };
    refuseTelemetry();
    this.#worker = new Worker(script, { workerData });
    this.#worker.on('message', (message: FromWorker) => this.receive(message));
    this.#worker.on('error', ({ name, message }) => (this.failure ??= `${name}: ${message}`));
    this.#worker.on('messageerror', (error) => (this.failure ??= error.message));
    this.#exited = new Promise((resolve) => {
      this.#worker.once('exit', (code) => {
        this.#exit(code);
        resolve();
      });
    });
  }

  get load(): number {
    return this.#slots.length;
  }

  get mailbox(): readonly Task[] {
    const behind = this.#slots.slice(1).map((slot) => this.#tasks[slot]);
    return behind.filter((task): task is Task => task?.settled === false);
  }

  get behind(): number {
    let count = 0;
    for (let at = 1; at < this.#slots.length; at++) {
      if (this.#tasks[this.#slots[at] as number]?.settled === false) count++;
    }
    return count;
  }

  post(task: Task): void {
    let slot = 0;
    while (this.#slots.includes(slot)) slot++;
    this.#control.post(slot);
    this.#send(task.messageFor(slot), task.transfer);
    // Idle threads let the process end. Busy ones must not, because an end during a run would abort
    // it.
    if (this.load === 0) this.#worker.ref();
    this.#slots.push(slot);
    this.#tasks[slot] = task;
  }

  /** The slot stays in use until the worker has seen that its task is cancelled. */
  takeBack(): Task | undefined {
    for (const slot of this.#slots) {
      const task = this.#tasks[slot];
      if (task === undefined || task.settled || task.transfer.length > 0) continue;
      if (!this.#control.cancel(slot)) continue;
      this.#tasks[slot] = undefined;
      return task;
    }
    return undefined;
  }

  abandon(task: Task): void {
    for (const slot of this.#slots) {
      if (this.#tasks[slot] !== task || this.#control.cancel(slot)) continue;
      this.#send({ type: 'leave', slot });
      this.#watchStuck(slot, task);
    }
  }

  pull(task: Task, count: number): void {
    for (const slot of this.#slots) {
      if (this.#tasks[slot] === task) this.#send({ type: 'pull', slot, count });
    }
  }

  /** With `force`, the thread ends as soon as it does not run native code. */
  async close(force = false): Promise<void> {
    if (force) this.kill();
    else if (this.ready) {
      this.closing();
      this.#worker.ref();
      this.#send({ type: 'close' });
    } else if (this.starting) this.kill();
    await this.#exited;
  }

  protected taskIn(slot: number): Task | undefined {
    return this.#tasks[slot];
  }

  protected release(slot: number): void {
    const at = this.#slots.indexOf(slot);
    if (at >= 0) this.#slots.splice(at, 1);
    this.#tasks[slot] = undefined;
    this.#control.clear(slot);
    if (this.load === 0 && this.ready) this.unref();
  }

  protected unref(): void {
    this.#worker.unref();
  }

  protected closed(): void {
    this.kill();
  }

  /** As soon as it does not run native code. */
  protected kill(): void {
    if (this.dead) return;
    this.closing();
    if (this.#control.kill()) void this.#worker.terminate();
    else setTimeout(() => this.kill(), 20);
  }

  /** Replaces the thread when an abandoned task stays in JavaScript, as in a slow expression. */
  #watchStuck(slot: number, task: Task): void {
    if (this.#watch !== undefined) return;
    let seen = this.#control.transitions;
    this.#watch = setInterval(() => {
      const transitions = this.#control.transitions;
      const running = this.#tasks[slot] === task;
      const stuck = running && transitions === seen && !this.#control.inNative;
      seen = transitions;
      if (running && !stuck) return;
      clearInterval(this.#watch);
      this.#watch = undefined;
      if (stuck) this.stuck();
    }, this.options.stuckMs);
  }

  #send(message: ToWorker, transfer: readonly ArrayBuffer[] = []): void {
    this.#worker.postMessage(message, transfer);
  }

  #exit(code: number): void {
    clearInterval(this.#watch);
    const tasks = this.#slots.splice(0).flatMap((slot) => {
      const task = this.#tasks[slot];
      return task === undefined ? [] : [{ task, started: this.#control.isTaken(slot) }];
    });
    this.#tasks.length = 0;
    this.ended(`its thread ended with code ${code}`, tasks);
  }
}
