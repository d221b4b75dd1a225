import { InputError, VtsError } from '../../../learner/errors/index.js';

/** A run took longer than its time limit. HTTP endpoints answer 504. @publicApi */
export class RunTimeoutError extends VtsError {
  constructor(runner: string, method: string, timeoutMs: number) {
    super(
      `${runner} did not finish ${method}() within ${timeoutMs} ms; send less in one request, or raise timeoutMs of the runner.`,
    );
  }
}

/** The caller gave up on a run: its signal was aborted, or the HTTP client left. @publicApi */
export class RunAbortedError extends VtsError {
  constructor(runner: string, method: string, cause?: unknown) {
    super(`${method}() of ${runner} was abandoned by its caller; its result is dropped.`, {
      cause,
    });
  }
}

/**
 * The model failed on an item for a reason of its own. `kind` is the name of the error inside the
 * worker.
 *
 * @publicApi
 */
export class RunFailedError extends VtsError {
  constructor(
    readonly runner: string,
    readonly kind: string,
    reason: string,
    /** Where it was thrown, inside the worker. */
    readonly workerStack?: string,
  ) {
    super(reason);
  }
}

/**
 * The item given to the model is at fault. `kind` is the name of the error inside the worker. HTTP
 * endpoints answer 400.
 *
 * @publicApi
 */
export class RunInputError extends InputError {
  constructor(
    readonly runner: string,
    readonly kind: string,
    reason: string,
  ) {
    super(reason);
  }
}

/**
 * The item holds something that cannot be sent to a worker thread, such as a function.
 *
 * @publicApi
 */
export class UnclonableItemError extends VtsError {
  constructor(runner: string, method: string, reason: string) {
    super(
      `The item for ${method}() of ${runner} cannot be sent to a worker thread (${reason}); pass plain data: strings, numbers, arrays, objects, typed arrays, tensors.`,
    );
  }
}
