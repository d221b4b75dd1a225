import { InputError, VtsError } from '../../learner/errors/index.js';

/** A runner option has a value that cannot be used. @publicApi */
export class InvalidRunnerOptionError extends VtsError {
  constructor(runner: string, fact: string, remedy: string) {
    super(`The options of runner "${runner}" cannot be used: ${fact}; ${remedy}.`);
  }
}

/**
 * A worker could not load the model of a runner. `kind` is the name of the error that the loader
 * threw.
 *
 * @publicApi
 */
export class ModelLoadError extends VtsError {
  constructor(
    readonly runner: string,
    readonly kind: string,
    reason: string,
  ) {
    super(`The model "${runner}" could not be loaded: ${reason}`);
  }
}

/** A run took longer than its time limit. HTTP endpoints answer 504. @publicApi */
export class RunTimeoutError extends VtsError {
  constructor(runner: string, method: string, timeoutMs: number) {
    super(
      `${runner} did not finish ${method}() within ${timeoutMs} ms; send less in one request, or raise timeoutMs of the runner.`,
    );
  }
}

/**
 * The caller abandoned a run: its signal was aborted, or the HTTP client disconnected. @publicApi
 */
export class RunAbortedError extends VtsError {
  constructor(runner: string, method: string, cause?: unknown) {
    super(`${method}() of ${runner} was abandoned by its caller; its result is dropped.`, {
      cause,
    });
  }
}

/**
 * The model failed on an item. `kind` is the name of the error inside the worker.
 *
 * @publicApi
 */
export class RunFailedError extends VtsError {
  constructor(
    readonly runner: string,
    readonly kind: string,
    reason: string,
    /** The stack inside the worker. */
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
 * The item contains something that cannot be sent to a worker thread, such as a function.
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

/**
 * The runner has been closed, or the application is shutting down. HTTP endpoints answer 503.
 *
 * @publicApi
 */
export class RunnerClosedError extends VtsError {
  constructor(runner: string) {
    super(`The runner "${runner}" is closed; send the request to another instance.`);
  }
}

/** No worker of the runner has its model loaded. HTTP endpoints answer 503. @publicApi */
export class RunnerUnavailableError extends VtsError {
  constructor(runner: string, reason: string) {
    super(
      `The runner "${runner}" has no worker with its model loaded (${reason}); try again later.`,
    );
  }
}

/**
 * The worker thread that served the run died; another one starts. HTTP endpoints answer 503.
 *
 * @publicApi
 */
export class WorkerDiedError extends VtsError {
  constructor(runner: string, method: string, reason: string) {
    super(
      `The worker of "${runner}" died while running ${method}() (${reason}). A new one is starting; try again later.`,
    );
  }
}

/**
 * A call was refused because of load: too many are waiting, or it could not be answered in time.
 * HTTP endpoints answer 503 with Retry-After.
 *
 * @publicApi
 */
export class RunnerOverloadedError extends VtsError {
  constructor(
    runner: string,
    method: string,
    fact: string,
    /**
     * The seconds after which the waiting calls should have been served; a whole number of 1 or
     * more.
     */
    readonly retryAfterSeconds: number,
  ) {
    super(
      `The runner "${runner}" cannot take ${method}() now: ${fact}; try again in ${retryAfterSeconds} s.`,
    );
  }
}

/**
 * More calls are in progress than `maxConcurrency` of the runner allows. HTTP endpoints answer 429.
 *
 * @publicApi
 */
export class TooManyCallsError extends VtsError {
  constructor(runner: string, method: string, maxConcurrency: number) {
    super(
      `The runner "${runner}" has ${maxConcurrency} calls in progress, its maxConcurrency, and cannot take ${method}(); try again later.`,
    );
  }
}

/** The model has no method of that name. @publicApi */
export class UnknownRunnerMethodError extends VtsError {
  constructor(runner: string, method: string, known: readonly string[]) {
    super(
      `The runner "${runner}" has no method "${method}"; use one of ${known.map((name) => `${name}()`).join(', ')}.`,
    );
  }
}

/** A property of the model was read before the model was loaded. @publicApi */
export class RunnerNotReadyError extends VtsError {
  constructor(runner: string, member: string) {
    super(
      `${member} of runner "${runner}" is known only after its model is loaded; read it after the application has started, or after runner.open().`,
    );
  }
}

/** A method was called for one result but returned a stream. @publicApi */
export class StreamResultError extends VtsError {
  constructor(method: string) {
    super(
      `${method}() returned a stream; iterate over what it returns, or call ${method}.stream(item), or declare it with @RunnableMethod({ stream: true }).`,
    );
  }
}

/** A method was called for a stream but returned something else. @publicApi */
export class NotAStreamError extends VtsError {
  constructor(method: string) {
    super(
      `${method}() did not return a stream; call ${method}.run(item), or make it return an Observable or an async iterable.`,
    );
  }
}

/** An item cannot be put into a batch. HTTP endpoints answer 400. @publicApi */
export class BatchInputError extends InputError {
  constructor(fact: string, remedy: string) {
    super(`${fact}; ${remedy}.`);
  }
}

/** The result of a batch cannot be divided among its calls. @publicApi */
export class BatchResultError extends VtsError {
  constructor(fact: string) {
    super(
      `${fact}; make the signature's batchDim name the dimension that counts rows in inputs and outputs, or leave the method unbatched (batchable: false).`,
    );
  }
}
