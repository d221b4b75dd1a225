import { VtsError } from '../../../learner/errors/index.js';

/**
 * The version is no model's, and the beginning of several.
 *
 * @publicApi
 */
export class AmbiguousVersionError extends VtsError {
  constructor(
    readonly tag: string,
    /** The versions that begin so. */
    readonly versions: readonly string[],
  ) {
    super(
      `The tag "${tag}" fits ${versions.length} versions: ${versions.join(', ')}. ` +
        'Give more characters of the version.',
    );
  }
}
