import { InferenceError } from '../../client/errors.js';
import { RunAbortedError, RunnerOverloadedError, RunTimeoutError } from '../runner/errors.js';
import { RemoteFailedError, RemoteInputError, RemoteUnavailableError } from './errors.js';

/** The call that failed. */
export interface FailedCall {
  readonly runner: string;
  readonly method: string;
  /** Its time limit. */
  readonly timeoutMs: number;
}

/** The error for a runner's caller, of a call that failed on its way or on the remote side. */
export function failureOf(error: unknown, { runner, method, timeoutMs }: FailedCall): Error {
  if (!(error instanceof InferenceError)) return error as Error;
  const { status, message, retryAfterMs, mayHaveRun } = error;
  const cause = { cause: error };
  switch (status) {
    case 'INVALID_ARGUMENT':
      return new RemoteInputError(runner, message, cause);
    case 'CANCELLED':
      return new RunAbortedError(runner, method, error);
    case 'DEADLINE_EXCEEDED':
      return new RunTimeoutError(runner, method, timeoutMs);
    case 'RESOURCE_EXHAUSTED':
      return overloaded(runner, method, message, retryAfterMs ?? 0);
    case 'UNAVAILABLE':
      if (retryAfterMs !== undefined) return overloaded(runner, method, message, retryAfterMs);
      return new RemoteUnavailableError(runner, method, message, mayHaveRun, cause);
    default:
      return new RemoteFailedError(runner, method, status, message, cause);
  }
}

function overloaded(
  runner: string,
  method: string,
  reason: string,
  retryAfterMs: number,
): RunnerOverloadedError {
  const seconds = Math.max(1, Math.ceil(retryAfterMs / 1000));
  return new RunnerOverloadedError(runner, method, `its server says: ${reason}`, seconds);
}
