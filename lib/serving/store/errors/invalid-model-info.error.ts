import { VtsError } from '../../../learner/errors/index.js';

/**
 * Labels, metadata, signatures or other facts given for a model.yaml are not of the kind it can
 * hold.
 *
 * @publicApi
 */
export class InvalidModelInfoError extends VtsError {
  constructor(
    readonly tag: string,
    /** What is wrong, one fact each. */
    readonly problems: readonly string[],
  ) {
    super(
      `The model "${tag}" cannot be described so: ${problems.join('; ')}. Correct the options that were given.`,
    );
  }
}
