import type { Description, FromWorker, WireError } from './protocol.js';
import type { Task } from './task.js';

/** The events that a worker reports to its pool. */
export interface PoolMemberEvents {
  ready(member: PoolMember, description: Description): void;
  free(member: PoolMember): void;
  /** The worker has ended. `tasks` are the unanswered ones, oldest first. */
  exit(member: PoolMember, exit: WorkerExit): void;
}

export interface WorkerExit {
  readonly tasks: readonly { readonly task: Task; readonly started: boolean }[];
  readonly reason: string;
  readonly wasReady: boolean;
  /** Why the model could not be loaded, if the worker ended for that reason. */
  readonly loadError: WireError | undefined;
}

export interface PoolMemberOptions {
  /** The program of the worker: the URL of `worker.js`, or of `process/child.js`. */
  readonly script: URL;
  readonly runnable: string;
  readonly init: unknown;
  /** How many milliseconds an abandoned task may continue before the worker is replaced. */
  readonly stuckMs: number;
}

/** One of a pool's workers, a thread or a process, from the view of its owner. */
export abstract class PoolMember {
  #state: 'starting' | 'ready' | 'closing' | 'dead' = 'starting';
  #wasReady = false;
  #loadError: WireError | undefined;
  /** Why it is about to end. */
  protected failure: string | undefined;

  constructor(
    protected readonly options: PoolMemberOptions,
    protected readonly events: PoolMemberEvents,
  ) {}

  /** Whether it has loaded its model and accepts tasks. */
  get ready(): boolean {
    return this.#state === 'ready';
  }

  protected get starting(): boolean {
    return this.#state === 'starting';
  }

  protected get dead(): boolean {
    return this.#state === 'dead';
  }

  /** Its unanswered tasks. */
  abstract readonly load: number;
  /** How many tasks it takes at a time: the running one, and those in its mailbox. */
  abstract readonly slots: number;
  /** The tasks behind the running one whose callers still wait. */
  abstract readonly mailbox: readonly Task[];
  /** The number of these tasks. */
  abstract readonly behind: number;
  /** @throws DataCloneError if the item cannot be sent; the worker is then unchanged. */
  abstract post(task: Task): void;
  /** Takes back a task that waits behind another; undefined if none can be taken. */
  abstract takeBack(): Task | undefined;
  /**
   * The task's caller has left: drops the task if it has not started, and otherwise makes it end.
   */
  abstract abandon(task: Task): void;
  abstract pull(task: Task, count: number): void;
  /**
   * Releases the model and ends the worker after its tasks, or with `force` as soon as possible.
   * Resolves when it has ended.
   */
  abstract close(force?: boolean): Promise<void>;

  protected abstract taskIn(slot: number): Task | undefined;
  /** The task of the slot has been answered. */
  protected abstract release(slot: number): void;
  /** Ends it, whatever it does. */
  protected abstract kill(): void;
  /** It has released its model. */
  protected abstract closed(): void;
  /** Lets this process end while the worker is idle. */
  protected abstract unref(): void;

  protected closing(): void {
    this.#state = 'closing';
  }

  protected receive(message: FromWorker): void {
    switch (message.type) {
      case 'ready':
        if (!this.starting) return;
        this.#state = 'ready';
        this.#wasReady = true;
        this.unref();
        return this.events.ready(this, message.description);
      case 'load-failed':
        this.#loadError = message.error;
        return this.kill();
      case 'closed':
        return this.closed();
      case 'value':
        return this.taskIn(message.slot)?.yielded(message.value);
      case 'progress':
        return this.taskIn(message.slot)?.progressed(message.share);
      default: {
        const task = this.taskIn(message.slot);
        this.release(message.slot);
        task?.answered(message);
        this.events.free(this);
      }
    }
  }

  protected stuck(): void {
    this.failure = `it was stuck for ${this.options.stuckMs} ms after its caller had left`;
    this.kill();
  }

  protected ended(how: string, tasks: WorkerExit['tasks']): void {
    this.#state = 'dead';
    this.events.exit(this, {
      tasks,
      wasReady: this.#wasReady,
      reason: this.failure ?? how,
      loadError: this.#loadError,
    });
  }
}

/**
 * Only one task if its item is transferred, because such a task could not be taken back from a
 * mailbox.
 */
export function roomFor(task: Task, member: PoolMember): boolean {
  return member.ready && member.load < (task.transfer.length > 0 ? 1 : member.slots);
}
