import { VtsError } from '../../learner/errors/index.js';

/** What the command line was told cannot be done. */
export class CommandError extends VtsError {
  constructor(fact: string, remedy: string) {
    super(`${fact}. ${remedy}.`);
  }
}
