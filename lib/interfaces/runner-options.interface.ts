/**
 * How a model is run.
 *
 * @publicApi
 */
export interface RunnerOptions {
  /**
   * Worker threads, each with a copy of the model. `workers` x `threads` must not exceed the cores that this
   * process may use.
   *
   * @default one per core but one, which the event loop keeps; at most 4, as each costs the model's memory
   */
  workers?: number;
  /**
   * Threads within one run (onnxruntime's `intraOpNumThreads`). More than one shortens the run of a large model
   * on an idle machine, and lengthens it on a busy one.
   *
   * @default the cores that the workers leave, at least 1
   */
  threads?: number;
  /**
   * Milliseconds until a call is given up, waiting included: it rejects with RunTimeoutError, and its result is
   * dropped when it comes. 0 for no limit.
   *
   * @default the module's `timeoutMs`: 60000
   */
  timeoutMs?: number;
  /**
   * Milliseconds that a call which was given up may go on in JavaScript before its worker is replaced, for the
   * case that it never ends (a regular expression of the learner that backtracks for ever). Native code is
   * always waited for.
   *
   * @default 2000
   */
  stuckMs?: number;
  /**
   * onnxruntime's execution providers. fastai learners run on the CPU only.
   *
   * @default ['cpu']
   */
  executionProviders?: readonly string[];
  /** An ONNX file to run in place of the learner's own model; see `Learner.load`. */
  onnx?: string;
}

/**
 * How one call is run.
 *
 * @publicApi
 */
export interface RunOptions {
  /** Gives the call up: it rejects with RunAbortedError, and costs nothing if it had not started. */
  signal?: AbortSignal;
  /** Milliseconds until the call is given up; 0 for no limit. @default the runner's `timeoutMs` */
  timeoutMs?: number;
  /**
   * Gives the buffers of the item's tensors and typed arrays to the worker instead of copying them: they are
   * empty afterwards. Worth it for megabytes.
   *
   * @default false
   */
  transfer?: boolean;
}
