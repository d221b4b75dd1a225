import type { RunnerHandle, RunnerMethod } from '../interfaces/runner.interface.js';
import type { RunOptions } from '../interfaces/runner-options.interface.js';
import { requestScope } from '../runtime/request-scope.js';
import {
  RunAbortedError,
  RunnerNotReadyError,
  RunTimeoutError,
  UnknownRunnerMethodError,
} from './errors/index.js';
import type { Description } from './protocol.js';
import type { Task } from './task.js';
import type { RunnerStats, WorkerPool } from './worker-pool.js';

const DEFAULT_CLOSE_MS = 30_000;

/**
 * A model behind a pool of workers: its methods, and the ways in which a call is given up.
 *
 * @internal
 */
export class ModelRunner implements RunnerHandle {
  readonly #methods = new Map<string, RunnerMethod>();
  #opening: Promise<void> | undefined;
  #open = false;

  constructor(
    readonly tag: string,
    methods: readonly string[],
    private readonly pool: WorkerPool,
    protected readonly timeoutMs: number,
  ) {
    for (const name of methods) {
      const run = (item: unknown, options?: RunOptions): Promise<unknown> =>
        this.#run(name, item, options);
      this.#methods.set(name, { run, asyncRun: run });
    }
  }

  get ready(): boolean {
    return this.pool.ready;
  }

  get stats(): RunnerStats {
    return this.pool.stats;
  }

  method(name: string): RunnerMethod {
    const method = this.#methods.get(name);
    if (method === undefined) {
      throw new UnknownRunnerMethodError(this.tag, name, [...this.#methods.keys()]);
    }
    return method;
  }

  open(): Promise<void> {
    this.#opening ??= this.pool.open().then(() => {
      this.#open = true;
    });
    return this.#opening;
  }

  close(timeoutMs = DEFAULT_CLOSE_MS): Promise<void> {
    return this.pool.close(timeoutMs);
  }

  /** A fact that the worker told when it had loaded the model. */
  protected fact<Key extends 'kind' | 'vocab' | 'schema'>(key: Key): Description[Key] {
    const { description } = this.pool;
    if (description === undefined) throw new RunnerNotReadyError(this.tag, key);
    return description[key];
  }

  async #run(method: string, item: unknown, options: RunOptions = {}): Promise<unknown> {
    const { signal, timeoutMs = this.timeoutMs, transfer = false } = options;
    const scope = requestScope.getStore();
    if (signal?.aborted) throw new RunAbortedError(this.tag, method, signal.reason);
    if (scope?.reason !== undefined) throw scope.reason;
    if (!this.#open) await this.open();

    let task: Task | undefined;
    const giveUp = (reason: Error): void => {
      if (task !== undefined) this.pool.abandon(task, reason);
    };
    const onAbort = (): void => giveUp(new RunAbortedError(this.tag, method, signal?.reason));
    const timer =
      timeoutMs > 0
        ? setTimeout(
            () => giveUp(new RunTimeoutError(this.tag, method, timeoutMs)),
            Math.ceil(timeoutMs),
          )
        : undefined;
    signal?.addEventListener('abort', onAbort, { once: true });
    const leave = scope?.onEnd(giveUp);
    try {
      return await this.pool.run(method, item, transfer, (queued) => (task = queued));
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      leave?.();
    }
  }
}
