import { UnclonableItemError } from '../errors.js';
import { roomFor, type PoolMember } from './pool-member.js';
import { TaskQueue, type Task } from './task.js';

/** How many batches a worker may hold. A batch in a mailbox no longer grows. */
const BATCHES = 2;

/** A pool's workers and queue. Tasks start in order, each on the least busy worker. */
export class TaskDispatcher {
  readonly workers = new Set<PoolMember>();
  readonly queue = new TaskQueue();

  constructor(private readonly runner: string) {}

  get waiting(): number {
    return this.queue.size + this.#count((worker) => worker.behind);
  }

  get sessions(): number {
    return this.#count((worker) => (worker.ready ? 1 : 0));
  }

  /** How many of them are idle. */
  get idle(): number {
    if (this.queue.peek() !== undefined) return 0;
    return this.#count((worker) => (worker.ready && worker.load === 0 ? 1 : 0));
  }

  /** How many batches a worker would get at once. */
  get room(): number {
    if (this.queue.peek() !== undefined) return 0;
    return this.#count(({ ready, slots, load }) =>
      ready ? Math.max(0, Math.min(slots, BATCHES) - load) : 0,
    );
  }

  /** Starts as many tasks as there is room for. */
  dispatch(): void {
    for (let task = this.queue.peek(); task !== undefined; task = this.queue.peek()) {
      const worker = this.#leastBusy(task);
      if (worker === undefined) return;
      this.queue.shift();
      this.#post(worker, task);
    }
    for (const worker of this.workers) if (worker.ready && worker.load === 0) this.#steal(worker);
  }

  takeWaiting(): Task[] {
    const tasks: Task[] = [];
    for (let task = this.queue.shift(); task !== undefined; task = this.queue.shift()) {
      tasks.push(task);
    }
    return tasks;
  }

  #count(of: (worker: PoolMember) => number): number {
    let sum = 0;
    for (const worker of this.workers) sum += of(worker);
    return sum;
  }

  #leastBusy(task: Task): PoolMember | undefined {
    let least: PoolMember | undefined;
    for (const worker of this.workers) {
      if (roomFor(task, worker) && worker.load < (least?.load ?? Infinity)) least = worker;
    }
    return least;
  }

  /**
   * A task may be waiting in the mailbox of a worker with a long one, while this worker has none.
   */
  #steal(worker: PoolMember): void {
    for (const other of this.workers) {
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
      task.reject(new UnclonableItemError(this.runner, task.method, reason));
    }
  }
}
