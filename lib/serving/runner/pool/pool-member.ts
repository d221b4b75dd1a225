import type { Description, FromWorker, WireError } from './protocol.js';
import type { Task } from './task.js';

/** What a worker reports to its pool. */
export interface PoolMemberEvents {
  ready(member: PoolMember, description: Description): void;
  free(member: PoolMember): void;
  /** The worker is gone. `tasks` are those that it had not answered, oldest first. */
  exit(member: PoolMember, exit: WorkerExit): void;
}

export interface WorkerExit {
  readonly tasks: readonly { readonly task: Task; readonly started: boolean }[];
  readonly reason: string;
  readonly wasReady: boolean;
  /** Why the model could not be loaded, where that is why the worker ended. */
  readonly loadError: WireError | undefined;
}

export interface PoolMemberOptions {
  /** The program of the worker: the URL of `worker.js`, or of `process/child.js`. */
  readonly script: URL;
  readonly runnable: string;
  readonly init: unknown;
  /** Milliseconds that an abandoned task may go on before the worker is replaced. */
  readonly stuckMs: number;
}

/** One of a pool's workers, a thread or a process, seen from its owner. */
export abstract class PoolMember {
  #state: 'starting' | 'ready' | 'closing' | 'dead' = 'starting';
  #wasReady = false;
  #loadError: WireError | undefined;
  /** What it is about to end for. */
  protected failure: string | undefined;

  constructor(
    protected readonly options: PoolMemberOptions,
    protected readonly events: PoolMemberEvents,
  ) {}

  /** It has its model loaded, and takes tasks. */
  get ready(): boolean {
    return this.#state === 'ready';
  }

  protected get starting(): boolean {
    return this.#state === 'starting';
  }

  protected get dead(): boolean {
    return this.#state === 'dead';
  }

  /** Tasks that it has not answered. */
  abstract readonly load: number;
  /** Tasks that it takes at a time: the one that runs, and those that wait in its mailbox. */
  abstract readonly slots: number;
  /** Tasks that wait behind the one that runs, and that somebody waits for. */
  abstract readonly mailbox: readonly Task[];
  /** How many they are. */
  abstract readonly behind: number;
  /** @throws DataCloneError when the item cannot be sent; the worker is as it was. */
  abstract post(task: Task): void;
  /** Takes back a task that waits behind another; undefined where there is none to take. */
  abstract takeBack(): Task | undefined;
  /** The task's caller has left: drops the task if it has not started, else sees that it ends. */
  abstract abandon(task: Task): void;
  abstract pull(task: Task, count: number): void;
  /**
   * Releases the model and ends the worker, after the tasks it holds; with `force` as soon as may
   * be. Resolves when it is gone.
   */
  abstract close(force?: boolean): Promise<void>;

  protected abstract taskIn(slot: number): Task | undefined;
  /** The slot's task has been answered. */
  protected abstract release(slot: number): void;
  /** Has it end, whatever it does. */
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

/** One task where the item was given away: it could not be taken back from a mailbox. */
export function roomFor(task: Task, member: PoolMember): boolean {
  return member.ready && member.load < (task.transfer.length > 0 ? 1 : member.slots);
}
