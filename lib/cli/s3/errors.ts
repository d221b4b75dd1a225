import { shortened } from '../../learner/errors/index.js';
import { CommandError } from '../errors.js';

/** S3 does not have a bucket with that name. */
export class BucketNotFoundError extends CommandError {
  constructor(bucket: string, host: string) {
    super(`No bucket "${bucket}" at ${host}`, 'Check its name, and AWS_ENDPOINT_URL');
  }
}

/** S3 does not have an object with that key. */
export class ObjectNotFoundError extends CommandError {
  constructor(address: string) {
    super(
      `No object at ${shortened(address, 300)}`,
      'Check the key. For all objects below a prefix, end it with "/"',
    );
  }
}

/** S3 does not allow this action for the key, or without a key. */
export class S3AccessError extends CommandError {
  constructor(address: string, action: string, code: string) {
    super(
      `S3 refuses to ${action} ${shortened(address, 300)} (${code})`,
      `Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN) to a key that may ${action} it`,
    );
  }
}

/** An object has changed since the work began. */
export class ObjectChangedError extends CommandError {
  constructor(address: string) {
    super(
      `The object ${shortened(address, 300)} changed while it was read`,
      'Begin again with --restart',
    );
  }
}

/** S3 does not answer, or answers that it is not available. */
export class S3UnavailableError extends CommandError {
  constructor(address: string, reason: string) {
    super(
      `S3 does not answer for ${shortened(address, 300)} (${reason})`,
      'Check AWS_ENDPOINT_URL and the network; the same command resumes where it stopped',
    );
  }
}

/** A server answers, but not in the way of S3. */
export class S3AnswerError extends CommandError {
  constructor(address: string, reason: string) {
    super(
      `The answer about ${shortened(address, 300)} is not a valid S3 answer: ${reason}`,
      'Check AWS_ENDPOINT_URL',
    );
  }
}
