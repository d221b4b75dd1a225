/**
 * Base of every error that this package throws on purpose. Each failure has a class of its own, and
 * the message ends with what to do.
 *
 * @publicApi
 */
export abstract class VtsError extends Error {
  /**
   * What to search for, and to tell errors apart by where `instanceof` cannot, as behind a worker:
   * `VTS_MODEL_NOT_FOUND` of `ModelNotFoundError`. Codes stay as they are from version to version.
   */
  readonly code: string;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = codeOf(this.name);
  }
}

/**
 * The item given to a learner or runner is at fault, not the model or the service. HTTP endpoints
 * answer 400.
 *
 * @publicApi
 */
export class InputError extends VtsError {}

/** `VTS_MODEL_NOT_FOUND` of `ModelNotFoundError`. */
export function codeOf(className: string): string {
  const words = className.replace(/Error$/, '').split(/(?<=[a-z\d])(?=[A-Z])|(?=[A-Z][a-z])/);
  return `VTS_${words.join('_').toUpperCase()}`;
}
