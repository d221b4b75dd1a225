import { VtsError } from '../../../learner/errors/index.js';

/** A version's folder is not there, or no longer: another process deleted it. */
export class VanishedError extends VtsError {
  constructor(readonly path: string) {
    super(`There is no model at ${path}. Look the store's models up again.`);
  }
}
