import { VtsError } from '../../../../learner/errors/index.js';

/**
 * A model's folder lacks the file that its framework keeps there.
 *
 * @publicApi
 */
export class ModelFileMissingError extends VtsError {
  constructor(
    readonly tag: string,
    /** The file that should be there, absolute. */
    readonly path: string,
  ) {
    super(
      `The model "${tag}" lacks its file ${path}. Restore the file, or delete the model and save it again.`,
    );
  }
}
