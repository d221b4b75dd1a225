import { VtsError } from '../../../learner/errors/index.js';

/**
 * A tag breaks the grammar `name[:version]`.
 *
 * @publicApi
 */
export class InvalidTagError extends VtsError {
  constructor(
    /** The tag as it was given. */
    readonly tag: string,
    reason: string,
    remedy = 'Write name or name:version, each of 1 to 63 lower-case letters, digits, "-", "_" or ".", that starts and ends with a letter or digit.',
  ) {
    super(`"${tag}" is no valid tag: ${reason}. ${remedy}`);
  }
}
