import { JobError } from '../../http/errors.js';

/**
 * A job, or the process, has as many streams of events as it may have. HTTP endpoints answer 429.
 *
 * @publicApi
 */
export class TooManyJobStreamsError extends JobError {
  readonly status = 429;
  constructor(of: 'job' | 'process', most: number) {
    super(
      `The ${of} has ${most} streams of events already; close one, or ask for the job's state without a stream.`,
    );
  }
}
