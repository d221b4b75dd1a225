/**
 * Base of every error that this package throws on purpose. Each failure has a class of its own, and
 * the message ends with what to do.
 *
 * @publicApi
 */
export abstract class VtsError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/**
 * The item given to a learner or runner is at fault, not the model or the service. HTTP endpoints
 * answer 400.
 *
 * @publicApi
 */
export class InputError extends VtsError {}
