import { VtsError } from '../../../learner/errors/index.js';

/** An option of a runner has a value that cannot be used. @publicApi */
export class InvalidRunnerOptionError extends VtsError {
  constructor(runner: string, fact: string, remedy: string) {
    super(`The options of runner "${runner}" cannot be used: ${fact}; ${remedy}.`);
  }
}
