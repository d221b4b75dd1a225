import type { RunnerStats } from './pool/pool-stats.js';
import type { RunOptions } from './runner-options-types.js';

/**
 * One method of a model, run in a worker thread. `run` and `asyncRun` are the same call; both
 * return a promise.
 *
 * @publicApi
 */
export interface RunnerMethod<Input = unknown, Output = unknown, Options = RunOptions> {
  /**
   * @throws RunInputError (an InputError) if the item is at fault.
   * @throws RunFailedError if the model failed.
   * @throws RunTimeoutError, RunAbortedError if the call was abandoned.
   * @throws RunnerUnavailableError, RunnerClosedError, WorkerDiedError if no worker can serve it.
   */
  run(item: Input, options?: Options): Promise<Output>;
  asyncRun(item: Input, options?: Options): Promise<Output>;
}

/** A model that runs in its own worker threads. @publicApi */
export interface RunnerHandle {
  /**
   * `name:version` of the model, with the version that was found; until it is open, the requested
   * tag.
   */
  readonly tag: string;
  /** Whether at least one worker has loaded the model. */
  readonly ready: boolean;
  readonly stats: RunnerStats;
  /** The configured addresses of a model that runs elsewhere. */
  readonly remote?: readonly string[] | undefined;
  /** A method of the model by its name, as in the model's signatures. */
  method(name: string): RunnerMethod;
  /**
   * Loads the model. The module calls this at the start; without the module, the first call does.
   */
  open(): Promise<void>;
  /** Waits for the calls in progress, releases the model and ends the workers. */
  close(timeoutMs?: number): Promise<void>;
}
