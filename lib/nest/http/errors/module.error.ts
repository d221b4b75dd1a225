import { VtsError } from '../../../learner/errors/index.js';

/** An option of `VtsModule.forRoot` has a value that cannot be used. @publicApi */
export class InvalidModuleOptionError extends VtsError {
  constructor(option: string, fact: string, remedy: string) {
    super(`VtsModule: ${option} ${fact}; ${remedy}.`);
  }
}

/**
 * An application imports two `VtsModule.forRoot()`, so that runners would belong to either.
 *
 * @publicApi
 */
export class DuplicateRootError extends VtsError {
  constructor() {
    super(
      'VtsModule.forRoot() is imported twice in this application; import it once, in the root module: it is global, and VtsModule.forFeature() adds runners elsewhere.',
    );
  }
}
