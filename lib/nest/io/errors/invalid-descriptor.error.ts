import { VtsError } from '../../../learner/errors/index.js';

/**
 * A descriptor was declared with options that do not fit together; thrown where the class is
 * declared.
 *
 * @publicApi
 */
export class InvalidDescriptorError extends VtsError {
  constructor(descriptor: string, fact: string, remedy: string) {
    super(`${descriptor}: ${fact}; ${remedy}.`);
  }
}
