import { VtsError } from '../learner/errors/index.js';
import type { InferenceStatus } from './contract.js';

/** The facts about a failed call. @publicApi */
export interface InferenceFailure {
  readonly status: InferenceStatus;
  /**
   * False if the server certainly ran nothing: it was not reached, or it refused the call before
   * the run. Such a call can be sent again.
   */
  readonly mayHaveRun: boolean;
  /** The delay that the server asks for, from `Retry-After` or gRPC's pushback. */
  readonly retryAfterMs?: number;
}

/**
 * A call of an inference server failed: it was not reached, it refused the request, it was late, or
 * its answer breaks the protocol.
 *
 * @publicApi
 */
export class InferenceError extends VtsError {
  readonly status: InferenceStatus;
  readonly mayHaveRun: boolean;
  readonly retryAfterMs: number | undefined;

  constructor(message: string, failure: InferenceFailure, options?: ErrorOptions) {
    super(message, options);
    this.status = failure.status;
    this.mayHaveRun = failure.mayHaveRun;
    this.retryAfterMs = failure.retryAfterMs;
  }
}
