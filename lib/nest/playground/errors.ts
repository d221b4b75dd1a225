import { VtsError } from '../../learner/errors/index.js';

/**
 * The files of the page are missing: a bundler left them out, or the package was not built.
 *
 * @publicApi
 */
export class PlaygroundMissingError extends VtsError {
  constructor(folder: string) {
    super(
      `The page of the playground is not in ${folder}; install nestjs-vts as a separate package, outside bundles.`,
    );
  }
}

/** The options of `setupVtsPlayground()` cannot be used. @publicApi */
export class InvalidPlaygroundError extends VtsError {
  constructor(fact: string, remedy: string) {
    super(`setupVtsPlayground(): ${fact}; ${remedy}.`);
  }
}
