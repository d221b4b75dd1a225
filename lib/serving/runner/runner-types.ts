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
   * @throws RunInputError (an InputError) when the item is at fault.
   * @throws RunFailedError when the model failed.
   * @throws RunTimeoutError, RunAbortedError when the call was given up.
   * @throws RunnerUnavailableError, RunnerClosedError, WorkerDiedError when no worker can serve it.
   */
  run(item: Input, options?: Options): Promise<Output>;
  asyncRun(item: Input, options?: Options): Promise<Output>;
}

/** A model that runs in worker threads of its own. @publicApi */
export interface RunnerHandle {
  /**
   * `name:version` of the model, with the version that was found; before it is open, as it was
   * asked for.
   */
  readonly tag: string;
  /** At least one worker has the model loaded. */
  readonly ready: boolean;
  readonly stats: RunnerStats;
  /** The addresses of a model that runs elsewhere, as they were configured. */
  readonly remote?: readonly string[] | undefined;
  /** A method of the model by its name, as in the model's signatures. */
  method(name: string): RunnerMethod;
  /**
   * Loads the model; called by the module at start, and by the first call of a runner that stands
   * alone.
   */
  open(): Promise<void>;
  /** Waits for the calls in progress, releases the model and ends the workers. */
  close(timeoutMs?: number): Promise<void>;
}
