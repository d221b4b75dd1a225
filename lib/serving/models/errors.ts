import { VtsError } from '../../learner/errors/index.js';

/**
 * A signature says `batchable: true`, but the framework's models take one item at a time.
 *
 * @publicApi
 */
export class BatchableNotSupportedError extends VtsError {
  constructor(
    readonly tag: string,
    /** The methods with `batchable: true`. */
    readonly methods: readonly string[],
  ) {
    const names = methods.map((method) => `"${method}"`).join(', ');
    super(
      `The model "${tag}" has batchable: true for ${names}, but fastai learners are never batched. ` +
        'Set batchable: false, or save learner.model through the PyTorch layer: pytorch.saveModel(name, learner.model, ' +
        '{ signatures: { __call__: { batchable: true } } }).',
    );
  }
}

/**
 * A signature of a bare model names a method other than its call. Only the model's call is
 * converted to a graph.
 *
 * @publicApi
 */
export class ModuleMethodError extends VtsError {
  constructor(
    readonly tag: string,
    readonly method: string,
  ) {
    super(
      `The model "${tag}" has a signature for "${method}", but only the call of a torch module can run here: __call__, or its other name, forward. ` +
        `Name __call__, or save a module whose forward() does what ${method}() does.`,
    );
  }
}

/** A signature names a method that the framework's models do not have. @publicApi */
export class UnknownMethodError extends VtsError {
  constructor(
    readonly tag: string,
    readonly method: string,
    /** The methods that learners have. */
    readonly methods: readonly string[],
  ) {
    super(
      `The model "${tag}" has a signature for "${method}", but learners do not support that method here. ` +
        `Use one of these: ${methods.join(', ')}.`,
    );
  }
}

/** The model was saved with a framework other than the one that is asked to read it. @publicApi */
export class FrameworkMismatchError extends VtsError {
  constructor(
    readonly tag: string,
    /** The module in the model's model.yaml. */
    readonly module: string,
    /** The framework that was asked, e.g. `fastai`. */
    readonly framework: string,
  ) {
    const saved =
      module === '' ? 'was saved without a framework' : `was saved with module "${module}"`;
    super(
      `The model "${tag}" ${saved}, so ${framework} cannot load it. ` +
        `Give the tag of a model that ${framework}.saveModel() saved, or load it with its own framework.`,
    );
  }
}

/** A model's folder lacks its framework's file. @publicApi */
export class ModelFileMissingError extends VtsError {
  constructor(
    readonly tag: string,
    /** The absolute path of the missing file. */
    readonly path: string,
  ) {
    super(
      `The model "${tag}" is missing its file ${path}. Restore the file, or delete the model and save it again.`,
    );
  }
}

/** The argument of `fastai.saveModel()` is not a learner. @publicApi */
export class NotSavableError extends VtsError {
  constructor(
    /** What it is. */
    readonly given: string,
    remedy = 'Give a Learner, or the path or bytes of a file that learner.export() wrote.',
  ) {
    super(`fastai.saveModel() saves learners, but was given ${given}. ${remedy}`);
  }
}

/** The argument of `pytorch.saveModel()` is not a model that it can save. @publicApi */
export class NotSavableModuleError extends VtsError {
  constructor(
    /** What it is. */
    readonly given: string,
    remedy = 'Give learner.model, the path or bytes of a file that torch.save(module) wrote, or the path of an .onnx file.',
  ) {
    super(`pytorch.saveModel() saves models, but was given ${given}. ${remedy}`);
  }
}

/** A class cannot be a runnable. @publicApi */
export class InvalidRunnableError extends VtsError {
  constructor(runnable: string, fact: string, remedy: string) {
    super(`The class ${runnable} cannot be a runnable: ${fact}; ${remedy}.`);
  }
}

/** Two runnables of one application have the same name. @publicApi */
export class DuplicateRunnableError extends VtsError {
  constructor(name: string, classes: readonly string[]) {
    super(
      `The runnables ${classes.join(' and ')} have the same name "${name}"; give one of them another name, as in @Runnable({ name: '${name}-2' }).`,
    );
  }
}

/** A class injects the runner of a runnable that the application does not list. @publicApi */
export class RunnableNotRegisteredError extends VtsError {
  constructor(runnable: string) {
    super(
      `@Runner(${runnable}) is injected, but ${runnable} is not among the runnables of the application; add it: VtsModule.forRoot({ runnables: [${runnable}] }).`,
    );
  }
}

/** A worker cannot load a runnable's module, or the module does not export the class. @publicApi */
export class RunnableModuleError extends VtsError {
  constructor(runnable: string, module: string, reason: string) {
    super(
      `A worker cannot load ${runnable} from ${module}: ${reason}; export the class from a separate module that Node can import directly, and name that module: @Runnable({ module: import.meta.url }).`,
    );
  }
}

/** The module of a runnable starts an application. A worker must not do that. @publicApi */
export class ApplicationInWorkerError extends VtsError {
  constructor() {
    super(
      'A worker loaded a module that starts an application with VtsModule; move the @Runnable class into a module that does not.',
    );
  }
}

/**
 * An option cannot be saved with the model: it is a function, or a file that cannot be copied.
 *
 * @publicApi
 */
export class NotKeptOptionError extends VtsError {
  constructor(
    /** The option of `Learner.load`. */
    readonly option: string,
    fact: string,
    remedy: string,
  ) {
    super(`The option "${option}" cannot be kept with the model: it is ${fact}. ${remedy}`);
  }
}

/** A model.yaml has `Learner.load` options that are not valid. @publicApi */
export class InvalidKeptOptionError extends VtsError {
  constructor(
    readonly tag: string,
    fact: string,
  ) {
    super(
      `The options saved with the model "${tag}" cannot be used: ${fact}. Save the learner again.`,
    );
  }
}
