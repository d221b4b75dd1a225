import { VtsError } from '../learner/errors/index.js';
import type { InferenceStatus } from './contract.js';

/** What is known of a call that failed. @publicApi */
export interface InferenceFailure {
  readonly status: InferenceStatus;
  /**
   * False where the server surely ran nothing: it was not reached, or refused the call before it.
   * Such a call can be sent again.
   */
  readonly mayHaveRun: boolean;
  /** What the server asks to wait, of `Retry-After` or gRPC's pushback. */
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
