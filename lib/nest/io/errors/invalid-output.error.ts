import { VtsError } from '../../../learner/errors/index.js';

/**
 * A handler returned what its output descriptor does not allow: a fault of the service, so the
 * client gets a 500 without details and the log gets this message.
 *
 * @publicApi
 */
export class InvalidOutputError extends VtsError {
  constructor(descriptor: string, fact: string, remedy: string, options?: ErrorOptions) {
    super(`${descriptor} cannot send what the handler returned: ${fact}; ${remedy}.`, options);
  }
}
