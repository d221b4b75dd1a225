import { VtsError } from '../../../learner/errors/index.js';

/**
 * A worker could not load the model of a runner. `kind` is the name of the error that the loader
 * threw.
 *
 * @publicApi
 */
export class ModelLoadError extends VtsError {
  constructor(
    readonly runner: string,
    readonly kind: string,
    reason: string,
  ) {
    super(`The model "${runner}" could not be loaded: ${reason}`);
  }
}
