import { VtsError } from '../../../learner/errors/index.js';

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
 * The worker thread that served the run died; another one is started. HTTP endpoints answer 503.
 *
 * @publicApi
 */
export class WorkerDiedError extends VtsError {
  constructor(runner: string, method: string, reason: string) {
    super(
      `The worker of "${runner}" died while it ran ${method}() (${reason}); a new one is being started, try again later.`,
    );
  }
}

/**
 * A call was refused because of the load: too many wait, or it could not be answered in time. HTTP
 * endpoints answer 503 with Retry-After.
 *
 * @publicApi
 */
export class RunnerOverloadedError extends VtsError {
  constructor(
    runner: string,
    method: string,
    fact: string,
    /** Seconds after which the load should have been served; a whole number of 1 or more. */
    readonly retryAfterSeconds: number,
  ) {
    super(
      `The runner "${runner}" cannot take ${method}() now: ${fact}; try again in ${retryAfterSeconds} s.`,
    );
  }
}

/**
 * More calls are in hand than `maxConcurrency` of the runner allows. HTTP endpoints answer 429.
 *
 * @publicApi
 */
export class TooManyCallsError extends VtsError {
  constructor(runner: string, method: string, maxConcurrency: number) {
    super(
      `The runner "${runner}" has ${maxConcurrency} calls in hand, its maxConcurrency, and cannot take ${method}(); try again later.`,
    );
  }
}
