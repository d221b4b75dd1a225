import type { BatchFeeder, StartedRun } from '../batching/index.js';
import type { CallTarget } from './call-target.js';
import { ModelLoadError, RunnerClosedError } from '../errors.js';
import type { Description, FromWorker, RunMessage, Served, WireError } from './protocol.js';
import { ServedCall } from './served-call.js';
import { Task, type TaskStream } from './task.js';
import { CallCounts, type PoolStats } from './pool-stats.js';
import { runError, wireError } from './wire-error.js';

/**
 * Runs the calls of a runner in this thread, with the contract of a pool of workers: for code that
 * needs what lives here. Calls do not wait for each other; batches do, as they form while one runs.
 */
export class LocalPool implements CallTarget {
  readonly #calls = new Map<Task, ServedCall>();
  readonly #batches = new Set<Task>();
  readonly #feeders = new Set<BatchFeeder>();
  readonly #figures = new CallCounts();
  readonly waiting = 0;
  readonly backlogMs = undefined;
  #served: Served | undefined;
  #opening: Promise<Description> | undefined;
  #closing: Promise<void> | undefined;
  #closed = false;
  #drained: (() => void)[] = [];

  constructor(
    private readonly name: string,
    private readonly load: () => Promise<Served>,
  ) {}

  get description(): Description | undefined {
    if (this.#served === undefined) return undefined;
    const { kind, vocab, schema, methods } = this.#served;
    return { kind, vocab, schema, methods: [...methods.keys()] };
  }

  get ready(): boolean {
    return this.#served !== undefined && !this.#closed;
  }

  get stats(): PoolStats {
    const ready = this.ready ? 1 : 0;
    const running = this.#calls.size - this.#batches.size;
    return { ready, workers: 1, queued: 0, running, ...this.#figures.counts, restarts: 0 };
  }

  get sessions(): number {
    return this.ready ? 1 : 0;
  }

  get idle(): number {
    return this.ready && this.#batches.size === 0 ? 1 : 0;
  }

  get room(): number {
    return this.idle;
  }

  /** @throws ModelLoadError */
  open(): Promise<Description> {
    this.#opening ??= this.#open();
    return this.#opening;
  }

  attach(feeder: BatchFeeder): void {
    this.#feeders.add(feeder);
  }

  run(
    method: string,
    item: unknown,
    _transfer: boolean,
    started?: (task: Task) => void,
  ): Promise<unknown> {
    return this.#run(method, item, started);
  }

  runStream(
    method: string,
    item: unknown,
    _transfer: boolean,
    stream: TaskStream,
    started?: (task: Task) => void,
  ): Promise<unknown> {
    return this.#run(method, item, started, stream);
  }

  runBatch(
    method: string,
    item: unknown,
    _transfer: boolean,
    started: StartedRun,
  ): Promise<unknown> {
    return this.#run(method, item, (task) => {
      this.#batches.add(task);
      started((error) => this.abandon(task, error), task);
    });
  }

  pull(task: Task, count: number): void {
    this.#calls.get(task)?.pull(count);
  }

  /** What it still does is its own affair: nothing here can stop it. */
  abandon(task: Task, error: Error): void {
    task.giveUp(error);
    const call = this.#calls.get(task);
    this.#ended(task);
    call?.leave();
  }

  close(timeoutMs: number): Promise<void> {
    this.#closing ??= this.#close(timeoutMs);
    return this.#closing;
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

  #run(
    method: string,
    item: unknown,
    started?: (task: Task) => void,
    stream?: TaskStream,
  ): Promise<unknown> {
    const served = this.#served;
    if (this.#closed || served === undefined) {
      return Promise.reject(new RunnerClosedError(this.name));
    }
    return new Promise((resolve, reject) => {
      const settle = {
        resolve,
        reject,
        errorOf: (error: WireError) => runError(this.name, error),
      };
      const task = new Task(method, { value: item }, [], settle, stream);
      const ahead = stream === undefined ? {} : { ahead: stream.ahead };
      const message: RunMessage = { type: 'run', slot: 0, method, item: task.item, ...ahead };
      const call = new ServedCall(
        message,
        (answer) => this.#answered(task, answer),
        // By reference: nothing leaves this thread.
        (value) => ({ value }),
      );
      this.#calls.set(task, call);
      task.postedAt = task.madeAt;
      started?.(task);
      if (task.settled) return this.#ended(task);
      void call.run(served.methods.get(method));
    });
  }

  #answered(task: Task, answer: FromWorker): void {
    if (answer.type === 'value') return task.yielded(answer.value);
    if (answer.type === 'result') task.succeed(answer.value, answer);
    else if (answer.type === 'error') task.fail(answer.error, answer);
    this.#ended(task);
  }

  #ended(task: Task): void {
    if (!this.#calls.delete(task)) return;
    if (this.#batches.delete(task)) for (const feeder of this.#feeders) feeder.wake();
    else this.#figures.settled(task);
    if (this.#calls.size === 0) for (const resolve of this.#drained.splice(0)) resolve();
  }

  async #close(timeoutMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => (timer = setTimeout(resolve, timeoutMs)));
    await Promise.race([this.#idle(), patience]);
    clearTimeout(timer);
    this.#closed = true;
    const closed = new RunnerClosedError(this.name);
    for (const feeder of this.#feeders) feeder.close(closed);
    for (const [task, call] of this.#calls) {
      task.reject(closed);
      call.leave();
    }
    // What cannot be released must not keep the application from ending.
    await this.#served?.release().catch(() => undefined);
  }

  async #idle(): Promise<void> {
    await Promise.all([...this.#feeders].map((feeder) => feeder.idle()));
    if (this.#calls.size > 0) await new Promise<void>((resolve) => this.#drained.push(resolve));
  }
}
