import { VtsError } from '../../errors/index.js';

/** The runner has been closed, or the application is shutting down. HTTP endpoints answer 503. @publicApi */
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

/** The worker thread that served the run died; another one is started. HTTP endpoints answer 503. @publicApi */
export class WorkerDiedError extends VtsError {
  constructor(runner: string, method: string, reason: string) {
    super(
      `The worker of "${runner}" died while it ran ${method}() (${reason}); a new one is being started, try again later.`,
    );
  }
}
