import { JobError } from '../../http/errors.js';

/**
 * A job, or the process, has reached its limit of event streams. HTTP endpoints answer 429.
 *
 * @publicApi
 */
export class TooManyJobStreamsError extends JobError {
  readonly status = 429;
  constructor(of: 'job' | 'process', most: number) {
    super(
      `The ${of} has ${most} event streams already; close one, or request the job's state without a stream.`,
    );
  }
}
