import { VtsError } from '../../../learner/errors/index.js';

/** The model has no method of that name. @publicApi */
export class UnknownRunnerMethodError extends VtsError {
  constructor(runner: string, method: string, known: readonly string[]) {
    super(
      `The runner "${runner}" has no method "${method}"; use one of ${known.map((name) => `${name}()`).join(', ')}.`,
    );
  }
}

/** A fact of the model was asked for before the model was loaded. @publicApi */
export class RunnerNotReadyError extends VtsError {
  constructor(runner: string, member: string) {
    super(
      `${member} of runner "${runner}" is known once its model is loaded; read it after the application has started, or after runner.open().`,
    );
  }
}
