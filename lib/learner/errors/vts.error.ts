/**
 * Base class of every error that this package throws on purpose. Each failure has a class of its
 * own, and its message ends with what to do.
 *
 * @publicApi
 */
export abstract class VtsError extends Error {
  /**
   * A code to search for. It also distinguishes errors if `instanceof` cannot, such as across
   * worker threads: `VTS_MODEL_NOT_FOUND` for `ModelNotFoundError`. Codes do not change between
   * versions.
   */
  readonly code: string;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = codeOf(this.name);
  }
}

/**
 * The item given to a learner or runner is wrong, not the model or the service. HTTP endpoints
 * answer 400.
 *
 * @publicApi
 */
export class InputError extends VtsError {}

/** `VTS_MODEL_NOT_FOUND` for `ModelNotFoundError`. */
export function codeOf(className: string): string {
  const words = className.replace(/Error$/, '').split(/(?<=[a-z\d])(?=[A-Z])|(?=[A-Z][a-z])/);
  return `VTS_${words.join('_').toUpperCase()}`;
}
