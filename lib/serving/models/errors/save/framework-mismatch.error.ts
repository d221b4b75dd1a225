import { VtsError } from '../../../../learner/errors/index.js';

/**
 * The model was saved with another framework than the one asked to read it.
 *
 * @publicApi
 */
export class FrameworkMismatchError extends VtsError {
  constructor(
    readonly tag: string,
    /** The module in the model's model.yaml. */
    readonly module: string,
    /** The framework that was asked, e.g. `fastai`. */
    readonly framework: string,
  ) {
    const saved =
      module === '' ? 'was saved without a framework' : `was saved with module "${module}"`;
    super(
      `The model "${tag}" ${saved}, so ${framework} cannot load it. ` +
        `Give the tag of a model that ${framework}.saveModel() saved, or load it with its own framework.`,
    );
  }
}
