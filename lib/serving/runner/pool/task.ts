import type { CallEvent } from '../../runtime/runner-observer.js';
import type { CallTiming } from '../../runtime/call-trace.js';
import type { Listed } from '../../runtime/roster.js';
import type { FromWorker, RunMessage, WireError } from './protocol.js';
import { decode, type Encoded } from './transfer.js';

const NOTHING: Encoded = { value: undefined };

/** The waiting caller of a task: one of the two functions is called, once. */
export interface Waiting {
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

/** The pool of a task. */
export interface TaskOwner {
  /** It is settled; its caller is notified next. */
  left(task: Task): void;
  /** Converts the worker's error to the caller's. */
  errorOf(error: WireError): Error;
}

export interface TaskStream {
  /** How many values the worker may send before a request for more. */
  readonly ahead: number;
  value(value: unknown): void;
}

/** One call of a method, from the queue to its answer. Only the first outcome settles it. */
export class Task implements Listed {
  settled = false;
  /** Whether it serves several calls. */
  batch = false;
  place = -1;
  outcome: CallEvent['outcome'] | undefined;
  /** When it ran; known once a worker has answered. */
  timing: CallTiming | undefined;
  queued = false;
  /** When it was created, and when a worker last got it, on the clock of `performance.now()`. */
  readonly madeAt = performance.now();
  postedAt: number | undefined;
  /** Whether its worker records how it spends the time. */
  traced?: true;
  /** Receives the finished share of its rows, 0 to 1, if its caller wants it. */
  progress?: (share: number) => void;

  constructor(
    readonly method: string,
    private item: Encoded,
    /** Buffers of the item that the caller transfers. */
    readonly transfer: readonly ArrayBuffer[],
    private readonly waiting: Waiting,
    private readonly owner: TaskOwner,
    private readonly stream?: TaskStream,
  ) {}

  get ahead(): number | undefined {
    return this.stream?.ahead;
  }

  /** {@link timing}; or if its worker did not answer, the time since it got the task. */
  get ran(): CallTiming | undefined {
    if (this.timing !== undefined || this.postedAt === undefined) return this.timing;
    const { timeOrigin } = performance;
    return { startedAt: timeOrigin + this.postedAt, runMs: performance.now() - this.postedAt };
  }

  messageFor(slot: number): RunMessage {
    const { method, item, ahead, traced } = this;
    const watched = this.progress === undefined ? undefined : true;
    // Undefined members would also take time in a message.
    const plain = ahead === undefined && traced === undefined && watched === undefined;
    if (plain) return { type: 'run', slot, method, item };
    return { type: 'run', slot, method, item, ahead, traced, watched };
  }

  yielded(value: Encoded): void {
    if (!this.settled) this.stream?.value(decode(value));
  }

  progressed(share: number): void {
    if (!this.settled) this.progress?.(share);
  }

  /** Its worker has answered. A skipped task had been given up before. */
  answered(answer: FromWorker): void {
    if (answer.type === 'result') {
      this.timing = answer;
      if (this.#end('ok')) this.waiting.resolve(decode(answer.value));
    } else if (answer.type === 'error') {
      const { error } = answer;
      this.timing = answer;
      if (this.#end(error.input ? 'input' : 'failed')) {
        this.waiting.reject(this.owner.errorOf(error));
      }
    }
  }

  reject(error: Error): void {
    if (this.#end('failed')) this.waiting.reject(error);
  }

  giveUp(error: Error): void {
    if (this.#end('abandoned')) this.waiting.reject(error);
  }

  #end(outcome: CallEvent['outcome']): boolean {
    if (this.settled) return false;
    this.settled = true;
    this.outcome = outcome;
    // A task without a caller may stay in a queue for a while, but its item need not.
    this.item = NOTHING;
    this.owner.left(this);
    return true;
  }
}

/** First in, first out. It never returns a task that was settled while it waited. */
export class TaskQueue {
  /** Tasks before the head have left, and are not kept. */
  #items: (Task | undefined)[] = [];
  #head = 0;
  size = 0;

  push(task: Task): void {
    this.#items.push(task);
    this.#entered(task);
  }

  pushFront(task: Task): void {
    if (this.#head > 0) this.#items[--this.#head] = task;
    else this.#items.unshift(task);
    this.#entered(task);
  }

  /** Removes a settled task, if it waited here. */
  forget(task: Task): void {
    if (!task.queued) return;
    task.queued = false;
    this.size--;
  }

  peek(): Task | undefined {
    while (this.#items[this.#head]?.settled === true) this.#items[this.#head++] = undefined;
    if (this.#head > 1024 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return this.#items[this.#head];
  }

  shift(): Task | undefined {
    const task = this.peek();
    if (task !== undefined) {
      this.#items[this.#head++] = undefined;
      this.forget(task);
    }
    if (this.#head === this.#items.length) {
      this.#items = [];
      this.#head = 0;
    }
    return task;
  }

  #entered(task: Task): void {
    task.queued = true;
    this.size++;
  }
}
