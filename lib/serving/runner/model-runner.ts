import type { RunnerHandle, RunnerMethod } from './runner-types.js';
import type { RunOptions } from './runner-options-types.js';
import type { Admission } from '../runtime/admission.js';
import { tellObservers } from '../runtime/runner-observer.js';
import { ValueStream } from '../../learner/runtime/value-stream.js';
import {
  batchedMethod,
  type BatchCodec,
  type BatchedMethod,
  type BatchStats,
} from './batching/index.js';
import type { ResolvedBatching } from './batching/batching-options.js';
import { CallLifetime, type LiveCall } from './call-lifetime.js';
import { PoolCall } from './pool-call.js';
import type { CallPool, RunHow } from './pool/call-pool.js';
import { RunnerNotReadyError, RunnerOverloadedError, UnknownRunnerMethodError } from './errors.js';
import type { Description } from './pool/protocol.js';
import { StreamBuffer } from './pool/stream-buffer.js';
import type { Task } from './pool/task.js';
import type { RunnerStats } from './pool/pool-stats.js';

const DEFAULT_CLOSE_MS = 30_000;

/** The limits of a runner. */
export interface RunnerLimits {
  /** The limit on waiting calls of methods that are not batched. @default no limit */
  readonly maxQueueSize?: number;
  /** The limit on calls in progress. @default no limit */
  readonly maxConcurrency?: number;
}

/** How the calls of a method share runs. */
export interface Batched<Item, Output> {
  readonly method: string;
  readonly codec: BatchCodec<Item, Output>;
  readonly batching: ResolvedBatching;
}

/** A model behind a pool of workers: its methods, and how a call is abandoned. */
export class ModelRunner implements RunnerHandle {
  readonly #methods = new Map<string, RunnerMethod>();
  readonly #admissions = new Map<string, Admission>();
  readonly #batches: { readonly method: { readonly stats: BatchStats }; readonly most: number }[] =
    [];
  readonly #calls: CallLifetime;
  readonly #maxQueueSize: number;
  #shed = 0;
  #opening: Promise<void> | undefined;

  constructor(
    readonly tag: string,
    methods: readonly string[],
    private readonly pool: CallPool,
    protected readonly timeoutMs: number,
    { maxQueueSize = Infinity, maxConcurrency = Infinity }: RunnerLimits = {},
  ) {
    this.#maxQueueSize = maxQueueSize;
    const open = (): Promise<void> => this.open();
    this.#calls = new CallLifetime({ runner: tag, timeoutMs, maxConcurrency, open });
    for (const name of methods) {
      const run = (item: unknown, options?: RunOptions): Promise<unknown> =>
        this.#run(name, item, options);
      this.#methods.set(name, { run, asyncRun: run });
      this.#admissions.set(name, { hold: () => this.#hold(name) });
    }
  }

  get ready(): boolean {
    return this.pool.ready;
  }

  get stats(): RunnerStats {
    const stats = {
      ...this.pool.stats,
      shed: this.#shed + this.#calls.shed,
      full: this.#queueIsFull,
    };
    for (const { method, most } of this.#batches) {
      const batch = method.stats;
      for (const key of ADDED) stats[key] += batch[key];
      stats.full ||= batch.queuedRows >= most;
    }
    return stats;
  }

  method(name: string): RunnerMethod {
    const method = this.#methods.get(name);
    if (method === undefined) {
      throw new UnknownRunnerMethodError(this.tag, name, [...this.#methods.keys()]);
    }
    return method;
  }

  /** The values of a method that returns a stream. */
  stream(name: string, item: unknown, options: RunOptions = {}): ValueStream<unknown> {
    this.method(name);
    return new ValueStream((left) => this.#stream(name, item, options, left));
  }

  open(): Promise<void> {
    this.#opening ??= this.pool.open().then(() => undefined);
    return this.#opening;
  }

  close(timeoutMs = DEFAULT_CLOSE_MS): Promise<void> {
    return this.pool.close(timeoutMs);
  }

  /** A method whose calls share runs. */
  protected batched<Item, Output>(how: Batched<Item, Output>): BatchedMethod<Item, Output> {
    const { tag: runner, pool } = this;
    const batched = batchedMethod({ ...how, runner, pool, calls: this.#calls });
    this.#batches.push({ method: batched, most: how.batching.maxQueueSize });
    return batched;
  }

  /** A fact that the worker reported when it loaded the model. */
  protected fact<Key extends 'kind' | 'vocab' | 'schema' | 'description'>(
    key: Key,
  ): Description[Key] {
    const { description } = this.pool;
    if (description === undefined) throw new RunnerNotReadyError(this.tag, key);
    return description[key];
  }

  #run(method: string, item: unknown, options: RunOptions = {}): Promise<unknown> {
    return this.#call(method, item, options, { transfer: options.transfer === true });
  }

  async *#stream(
    method: string,
    item: unknown,
    options: RunOptions,
    left: AbortSignal,
  ): AsyncGenerator<unknown, void, undefined> {
    const buffer = new StreamBuffer();
    const taken = (task: Task): void => {
      buffer.onTaken = (count) => this.pool.pull(task, count);
    };
    const how = { transfer: options.transfer === true, stream: buffer, started: taken };
    yield* buffer.values(this.#call(method, item, options, how, left));
  }

  #call(
    method: string,
    item: unknown,
    options: RunOptions,
    how: RunHow,
    left?: AbortSignal,
  ): Promise<unknown> {
    const start = (live: LiveCall): void => {
      if (this.#queueIsFull) throw this.#refuse(method);
      new PoolCall(this.tag, method, this.pool, live).queue(item, how);
    };
    const admission = this.#admissions.get(method) as Admission;
    return this.#calls.run(method, admission, options, start, left);
  }

  /** Reserves nothing: a call that no longer fits is refused when it is made. */
  #hold(method: string): () => void {
    this.#calls.check(method);
    if (this.#queueIsFull) throw this.#refuse(method);
    return () => undefined;
  }

  get #queueIsFull(): boolean {
    return this.#maxQueueSize !== Infinity && this.pool.waiting >= this.#maxQueueSize;
  }

  #refuse(method: string): RunnerOverloadedError {
    this.#shed++;
    tellObservers('shed', { runner: this.tag, method, reason: 'queue' });
    const seconds = Math.max(1, Math.ceil((this.pool.backlogMs ?? 0) / 1000));
    const fact = `${this.pool.waiting} calls wait, its maxQueueSize`;
    return new RunnerOverloadedError(this.tag, method, fact, seconds);
  }
}

/** The figures of a batched method that add up with those of unbatched calls. */
const ADDED = [
  'queued',
  'running',
  'completed',
  'failed',
  'rejected',
  'abandoned',
  'shed',
] as const;
