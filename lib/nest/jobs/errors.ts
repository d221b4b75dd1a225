import { InputError, VtsError } from '../../learner/errors/index.js';
import { JobError } from '../http/errors.js';

/** An option of `@VtsApi({ job })` has a value that cannot be used. @publicApi */
export class InvalidJobOptionError extends VtsError {
  constructor(option: string, fact: string, remedy: string) {
    super(`@VtsApi: ${option} ${fact}; ${remedy}.`);
  }
}

/** The declaration of an endpoint does not allow jobs. Thrown at the start. @publicApi */
export class JobHandlerError extends VtsError {
  constructor(handler: string, fact: string, remedy: string) {
    super(`${handler} has job: true, but ${fact}; ${remedy}.`);
  }
}

/**
 * Redis does not answer, so jobs can be neither submitted nor read. HTTP endpoints answer 503.
 *
 * @publicApi
 */
export class JobsUnavailableError extends JobError {
  readonly status = 503;
  constructor(options?: ErrorOptions) {
    super('The job queue cannot be reached; try again later.', options);
  }
}

/**
 * The number of waiting jobs has reached `jobs.maxWaiting`. HTTP endpoints answer 503.
 *
 * @publicApi
 */
export class JobQueueFullError extends JobError {
  readonly status = 503;
  constructor(most: number) {
    super(`${most} jobs are already waiting; try again later.`);
  }
}

/** No job with this id exists for this caller, or it has expired. HTTP 404. @publicApi */
export class JobNotFoundError extends JobError {
  readonly status = 404;
  constructor() {
    super('No job has this id here; it may have expired.');
  }
}

/** A job has no result yet. HTTP endpoints answer 409, with Retry-After. @publicApi */
export class JobNotFinishedError extends JobError {
  readonly status = 409;
  constructor(state: string) {
    super(`The job has no result yet: it is ${state}; ask again later.`);
  }
}

/** A job has ended, so it cannot be cancelled. HTTP endpoints answer 409. @publicApi */
export class JobFinishedError extends JobError {
  readonly status = 409;
  constructor(state: string) {
    super(`The job cannot be cancelled: it has ${state}.`);
  }
}

/** A job was cancelled, so it has no result. HTTP endpoints answer 410. @publicApi */
export class JobCancelledError extends JobError {
  readonly status = 410;
  constructor() {
    super('The job was cancelled; submit it again if you need the result.');
  }
}

/** A run of a job took longer than its `timeoutMs`. The job fails with 504. @publicApi */
export class JobTimeoutError extends JobError {
  readonly status = 504;
  constructor(timeoutMs: number) {
    super(
      `The job did not finish within ${timeoutMs} ms; send less, or raise timeoutMs of the job.`,
    );
  }
}

/** The result of a job is larger than `maxResultBytes`. The job fails. @publicApi */
export class JobResultTooLargeError extends JobError {
  readonly status = 500;
  constructor(maxBytes: number) {
    super(
      `The result of the job is larger than ${maxBytes} bytes; send less, or raise maxResultBytes.`,
    );
  }
}

/** A job lost its worker `attempts` times. The job fails. @publicApi */
export class JobLostError extends JobError {
  readonly status = 500;
  constructor(attempts: number) {
    const times = attempts === 1 ? 'once' : `${attempts} times`;
    super(`The job was started ${times}, and each time its worker was lost; submit it again.`);
  }
}

/** A job was submitted to an endpoint that its worker does not have. The job fails. @publicApi */
export class JobHandlerGoneError extends JobError {
  readonly status = 500;
  constructor() {
    super('The endpoint that the job was submitted to is no longer served; submit it elsewhere.');
  }
}

/**
 * The record of a job in Redis is invalid, or from another version. HTTP endpoints answer 500.
 *
 * @publicApi
 */
export class InvalidJobRecordError extends JobError {
  readonly status = 500;
  constructor(fact: string) {
    super(`The job's record in the queue cannot be used: ${fact}; submit it again.`);
  }
}

/** The `Idempotency-Key` of a request cannot be used. HTTP endpoints answer 400. @publicApi */
export class InvalidIdempotencyKeyError extends InputError {
  constructor(fact: string) {
    super(`The header Idempotency-Key ${fact}; send 1 to 255 printable characters of ASCII.`);
  }
}

/** An `Idempotency-Key` was reused with another body. HTTP endpoints answer 422. @publicApi */
export class IdempotencyKeyReusedError extends JobError {
  readonly status = 422;
  constructor() {
    super('This Idempotency-Key was used with another body; send a new key with a new body.');
  }
}
