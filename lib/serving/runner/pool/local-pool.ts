import { Roster } from '../../runtime/roster.js';
import { ModelLoadError, RunnerClosedError } from '../errors.js';
import { CallPool, type RunHow } from './call-pool.js';
import type { PoolStats } from './pool-stats.js';
import type { Description, FromWorker, Served, WireError } from './protocol.js';
import { ServedCall } from './served-call.js';
import { Task, type TaskOwner, type Waiting } from './task.js';
import { runError, wireError } from './wire-error.js';

class LocalTask extends Task {
  call: ServedCall | undefined;
}

/**
 * Runs the calls of a runner in this thread, with the contract of a pool of workers. It is for code
 * that needs objects of this thread. Calls do not wait for each other, but batches do, because they
 * form while one runs.
 */
export class LocalPool extends CallPool {
  protected readonly pending = new Roster<LocalTask>();
  readonly waiting = 0;
  readonly backlogMs = undefined;
  #served: Served | undefined;
  #opening: Promise<Description> | undefined;
  #closed = false;
  readonly #owner: TaskOwner = {
    left: () => undefined,
    errorOf: (error: WireError) => runError(this.name, error),
  };

  constructor(
    name: string,
    private readonly load: () => Promise<Served>,
  ) {
    super(name);
  }

  get description(): Description | undefined {
    if (this.#served === undefined) return undefined;
    const { kind, vocab, schema, methods } = this.#served;
    return { kind, vocab, schema, methods: [...methods.keys()] };
  }

  get ready(): boolean {
    return this.#served !== undefined && !this.#closed;
  }

  get stats(): PoolStats {
    const running = this.pending.size - this.batches;
    const { counts } = this.counts;
    return { ready: this.sessions, workers: 1, queued: 0, running, ...counts, restarts: 0 };
  }

  get sessions(): number {
    return this.ready ? 1 : 0;
  }

  get idle(): number {
    return this.ready && this.batches === 0 ? 1 : 0;
  }

  get room(): number {
    return this.idle;
  }

  open(): Promise<Description> {
    this.#opening ??= this.#open();
    return this.#opening;
  }

  pull(task: LocalTask, count: number): void {
    task.call?.pull(count);
  }

  /** Nothing here can stop the work that it still does. */
  abandon(task: LocalTask, error: Error): void {
    task.giveUp(error);
    const { call } = task;
    this.#ended(task);
    call?.leave();
  }

  protected stop(): void {
    this.#closed = true;
  }

  protected async end(closed: Error): Promise<void> {
    for (const task of this.pending) {
      task.reject(closed);
      task.call?.leave();
    }
    // A failed release must not prevent the application from ending.
    await this.#served?.release().catch(() => undefined);
  }

  queue(method: string, item: unknown, { started, stream }: RunHow, waiting: Waiting): void {
    const served = this.#served;
    if (this.#closed || served === undefined) {
      return waiting.reject(new RunnerClosedError(this.name));
    }
    const task = new LocalTask(method, { value: item }, [], waiting, this.#owner, stream);
    const call = (task.call = new ServedCall(
      task.messageFor(0),
      (answer) => this.#answered(task, answer),
      // By reference, because nothing leaves this thread.
      (value) => ({ value }),
    ));
    this.pending.add(task);
    task.postedAt = task.madeAt;
    started?.(task);
    if (task.settled) return this.#ended(task);
    void call.run(served.methods.get(method));
  }

  async #open(): Promise<Description> {
    try {
      this.#served = await this.load();
    } catch (error) {
      const { kind, message } = wireError(error);
      throw new ModelLoadError(this.name, kind, message);
    }
    if (this.#closed) await this.#served.release();
    return this.description as Description;
  }

  #answered(task: LocalTask, answer: FromWorker): void {
    if (answer.type === 'value') return task.yielded(answer.value);
    if (answer.type === 'progress') return task.progressed(answer.share);
    task.answered(answer);
    this.#ended(task);
  }

  #ended(task: LocalTask): void {
    if (!this.pending.delete(task)) return;
    task.call = undefined;
    this.settled(task);
    if (task.batch) for (const feeder of this.feeders) feeder.wake();
  }
}
