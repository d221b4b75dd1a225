import type { RunGuard } from '../../../learner/runtime/run-guard.js';

/**
 * How many tasks one worker may hold: the running one, and those in its mailbox. With only one in
 * the mailbox, small models would idle whenever their owner is busy for longer than a run.
 */
export const SLOTS = 8;

const PHASE = 0;
const TRANSITIONS = 1;
const FIRST_SLOT = 2;

const JAVASCRIPT = 0;
const NATIVE = 1;
const KILLED = 2;

const FREE = 0;
const POSTED = 1;
const TAKEN = 2;
const CANCELLED = 3;

/**
 * Memory that a worker thread and its owner share. It answers two questions without a message,
 * which a busy thread would not read. May the owner terminate the thread now (the phase)? Who got a
 * posted task first: the worker that starts it, or the owner that cancels it (the slots)? Each
 * answer is one compare-and-exchange, so only one side can win.
 */
export class WorkerControl {
  readonly #words: Int32Array;

  constructor(
    readonly buffer: SharedArrayBuffer = new SharedArrayBuffer(
      (FIRST_SLOT + SLOTS) * Int32Array.BYTES_PER_ELEMENT,
    ),
  ) {
    this.#words = new Int32Array(buffer);
  }

  // The owner's side.

  /** True if the thread does not run native code, and never will again: it may be terminated. */
  kill(): boolean {
    return Atomics.compareExchange(this.#words, PHASE, JAVASCRIPT, KILLED) !== NATIVE;
  }

  get inNative(): boolean {
    return Atomics.load(this.#words, PHASE) === NATIVE;
  }

  /**
   * Counts entries into and returns from native code. If it does not change, native code makes no
   * progress.
   */
  get transitions(): number {
    return Atomics.load(this.#words, TRANSITIONS);
  }

  post(slot: number): void {
    Atomics.store(this.#words, FIRST_SLOT + slot, POSTED);
  }

  /** True if the worker has not started the task. It will then skip it. */
  cancel(slot: number): boolean {
    return Atomics.compareExchange(this.#words, FIRST_SLOT + slot, POSTED, CANCELLED) === POSTED;
  }

  isTaken(slot: number): boolean {
    return Atomics.load(this.#words, FIRST_SLOT + slot) === TAKEN;
  }

  clear(slot: number): void {
    Atomics.store(this.#words, FIRST_SLOT + slot, FREE);
  }

  // The worker's side.

  /** False if the task was cancelled before its start. */
  take(slot: number): boolean {
    return Atomics.compareExchange(this.#words, FIRST_SLOT + slot, POSTED, TAKEN) === POSTED;
  }

  get guard(): RunGuard {
    return {
      enter: () => {
        const before = Atomics.compareExchange(this.#words, PHASE, JAVASCRIPT, NATIVE);
        // The owner is about to terminate this thread, so native code must not start.
        if (before === KILLED) Atomics.wait(this.#words, PHASE, KILLED);
        Atomics.add(this.#words, TRANSITIONS, 1);
      },
      leave: () => {
        Atomics.add(this.#words, TRANSITIONS, 1);
        Atomics.store(this.#words, PHASE, JAVASCRIPT);
      },
    };
  }
}
