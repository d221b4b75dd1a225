import { VtsError } from '../../../learner/errors/index.js';

/**
 * Nothing here runs models of that framework.
 *
 * @publicApi
 */
export class NoRunnerError extends VtsError {
  constructor(
    readonly tag: string,
    /** The module in model.yaml. */
    readonly module: string,
  ) {
    const made = module === '' ? 'names no framework' : `is of "${module}"`;
    super(
      `The model "${tag}" ${made}, which has no runner here. Save it with a framework of this package, such as fastai.saveModel().`,
    );
  }
}
