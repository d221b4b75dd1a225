import { VtsError } from '../../../learner/errors/index.js';

/**
 * The version that was to be saved is in the store already.
 *
 * @publicApi
 */
export class ModelExistsError extends VtsError {
  constructor(
    readonly tag: string,
    readonly home: string,
    doing: 'save' | 'import' = 'save',
  ) {
    const remedy =
      doing === 'save'
        ? 'Delete it first, or save under another version (without one, a new version is made).'
        : 'Keep it, or have it replaced (--force).';
    super(`The model "${tag}" is in the store at ${home} already. ${remedy}`);
  }
}
