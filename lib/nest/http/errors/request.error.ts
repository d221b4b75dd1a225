import { VtsError } from '../../../learner/errors/index.js';

/** A request took longer than the endpoint's time limit. HTTP endpoints answer 504. @publicApi */
export class RequestTimeoutError extends VtsError {
  constructor(readonly timeoutMs: number) {
    super(
      `The request was not answered within ${timeoutMs} ms; send less in one request, or try again later.`,
    );
  }
}

/**
 * A request's body did not come within the endpoint's time limit. HTTP endpoints answer 408.
 *
 * @publicApi
 */
export class SlowBodyError extends VtsError {
  constructor(readonly timeoutMs: number) {
    super(
      `The body of the request did not arrive within ${timeoutMs} ms; send it faster, or in parts.`,
    );
  }
}

/**
 * The application is shutting down and takes no new requests. HTTP endpoints answer 503.
 *
 * @publicApi
 */
export class ShuttingDownError extends VtsError {
  constructor() {
    super('The service is shutting down; send the request to another instance.');
  }
}
