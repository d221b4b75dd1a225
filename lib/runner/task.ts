import type { WireError } from './protocol.js';
import { decode, type Encoded } from './transfer.js';

const NOTHING: Encoded = { value: undefined };

/** One call of a method of the model: from the queue to its answer, which only the first to come settles. @internal */
export class Task {
  #settled = false;
  #item: Encoded;

  constructor(
    readonly method: string,
    item: Encoded,
    /** Buffers of the item that the caller gives up. */
    readonly transfer: ArrayBuffer[],
    private readonly settle: {
      resolve(value: unknown): void;
      reject(error: unknown): void;
      /** Makes the caller's error of the worker's. */
      errorOf(error: WireError): Error;
    },
  ) {
    this.#item = item;
  }

  get item(): Encoded {
    return this.#item;
  }

  get settled(): boolean {
    return this.#settled;
  }

  succeed(value: Encoded): void {
    if (this.#end()) this.settle.resolve(decode(value));
  }

  fail(error: WireError): void {
    if (this.#end()) this.settle.reject(this.settle.errorOf(error));
  }

  reject(error: Error): void {
    if (this.#end()) this.settle.reject(error);
  }

  #end(): boolean {
    if (this.#settled) return false;
    this.#settled = true;
    // A task that nobody waits for may stay in a queue for a while; its item need not.
    this.#item = NOTHING;
    return true;
  }
}

/** First in, first out; what was settled while it waited is never handed out. @internal */
export class TaskQueue {
  #items: Task[] = [];
  #head = 0;

  push(task: Task): void {
    this.#items.push(task);
  }

  pushFront(task: Task): void {
    if (this.#head > 0) this.#items[--this.#head] = task;
    else this.#items.unshift(task);
  }

  peek(): Task | undefined {
    while (this.#items[this.#head]?.settled === true) this.#head++;
    if (this.#head > 1024 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return this.#items[this.#head];
  }

  shift(): Task | undefined {
    const task = this.peek();
    if (task !== undefined) this.#head++;
    if (this.#head === this.#items.length) {
      this.#items = [];
      this.#head = 0;
    }
    return task;
  }

  /** Tasks that still wait. */
  get size(): number {
    let size = 0;
    for (let i = this.#head; i < this.#items.length; i++) {
      if (this.#items[i]?.settled === false) size++;
    }
    return size;
  }
}
