import { VtsError } from '../../../learner/errors/index.js';

/**
 * A model's folder is there, but its model.yaml is missing, unreadable or wrong.
 *
 * @publicApi
 */
export class CorruptModelError extends VtsError {
  constructor(
    /** The folder of the model, or the archive that holds it. */
    readonly path: string,
    /** What is wrong, one fact each. */
    readonly problems: readonly string[],
    options?: ErrorOptions,
  ) {
    super(
      `The model at ${path} cannot be read: ${problems.join('; ')}. ` +
        'Restore its model.yaml, or delete the folder and save the model again.',
      options,
    );
  }
}
