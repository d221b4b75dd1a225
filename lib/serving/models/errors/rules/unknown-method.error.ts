import { VtsError } from '../../../../learner/errors/index.js';

/**
 * A signature names a method that the framework's models do not have.
 *
 * @publicApi
 */
export class UnknownMethodError extends VtsError {
  constructor(
    readonly tag: string,
    readonly method: string,
    /** The methods that there are. */
    readonly methods: readonly string[],
  ) {
    super(
      `The model "${tag}" has a signature for "${method}", a method that learners do not have here. ` +
        `Name one of these: ${methods.join(', ')}.`,
    );
  }
}
