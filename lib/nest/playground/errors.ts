import { VtsError } from '../../learner/errors/index.js';

/**
 * The files of the page are not where the package has them: a bundler has left them behind, or the
 * package was not built.
 *
 * @publicApi
 */
export class PlaygroundMissingError extends VtsError {
  constructor(folder: string) {
    super(
      `The page of the playground is not in ${folder}; install nestjs-vts as a package of its own, outside of bundles.`,
    );
  }
}

/** The options of `setupVtsPlayground()` cannot be used. @publicApi */
export class InvalidPlaygroundError extends VtsError {
  constructor(fact: string, remedy: string) {
    super(`setupVtsPlayground(): ${fact}; ${remedy}.`);
  }
}
