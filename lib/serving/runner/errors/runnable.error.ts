import { VtsError } from '../../../learner/errors/index.js';

/** A class cannot be a runnable as it is. @publicApi */
export class InvalidRunnableError extends VtsError {
  constructor(runnable: string, fact: string, remedy: string) {
    super(`The class ${runnable} cannot be a runnable: ${fact}; ${remedy}.`);
  }
}

/** Two runnables of one application have the same name. @publicApi */
export class DuplicateRunnableError extends VtsError {
  constructor(name: string, classes: readonly string[]) {
    super(
      `The runnables ${classes.join(' and ')} have the same name "${name}"; give one another, as in @Runnable({ name: '${name}-2' }).`,
    );
  }
}

/** A class injects the runner of a runnable that the application does not have. @publicApi */
export class RunnableNotRegisteredError extends VtsError {
  constructor(runnable: string) {
    super(
      `@Runner(${runnable}) is injected, but ${runnable} is not in the runnables of the application; add it: VtsModule.forRoot({ runnables: [${runnable}] }).`,
    );
  }
}

/** A worker cannot load the module of a runnable, or finds no such class in it. @publicApi */
export class RunnableModuleError extends VtsError {
  constructor(runnable: string, module: string, reason: string) {
    super(
      `A worker cannot load ${runnable} from ${module}: ${reason}; export the class from a module of its own that Node can import as it is, and name it: @Runnable({ module: import.meta.url }).`,
    );
  }
}

/** The module of a runnable starts an application, which a worker must not do. @publicApi */
export class ApplicationInWorkerError extends VtsError {
  constructor() {
    super(
      'A worker loaded a module that starts an application with VtsModule; move the @Runnable class into a module that does not.',
    );
  }
}
