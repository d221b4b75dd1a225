import { InputError } from '../../../../learner/errors/index.js';

/** An item cannot be put into a batch. HTTP endpoints answer 400. @publicApi */
export class BatchInputError extends InputError {
  constructor(fact: string, remedy: string) {
    super(`${fact}; ${remedy}.`);
  }
}
