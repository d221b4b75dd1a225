import { VtsError } from '../../../../learner/errors/index.js';

/**
 * What was given to `fastai.saveModel()` is no learner.
 *
 * @publicApi
 */
export class NotSavableError extends VtsError {
  constructor(
    /** What it is. */
    readonly given: string,
    remedy = 'Give a Learner, or the path or bytes of a file that learner.export() wrote.',
  ) {
    super(`fastai.saveModel() saves learners, and was given ${given}. ${remedy}`);
  }
}
