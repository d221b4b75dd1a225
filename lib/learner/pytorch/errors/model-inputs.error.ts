import { VtsError } from '../../errors/index.js';

/** Nothing in a model tells what it takes. @publicApi */
export class UnknownModelInputsError extends VtsError {
  constructor(
    /** `module.name` of the model's class. */
    readonly className: string,
  ) {
    super(
      `The model is a ${className}, and its first layer does not tell what it takes. Name it where the model is saved: ` +
        `pytorch.saveModel(name, model, { inputs: [{ name: 'x', dtype: 'float32', shape: [null, 3, 224, 224] }] }), with null for sizes that vary.`,
    );
  }
}

/** What `inputs` says of a model cannot be so. @publicApi */
export class InvalidModelInputError extends VtsError {
  constructor(fact: string) {
    super(
      `The inputs given for the model cannot be used: ${fact}. ` +
        `Describe each as { name: 'x', dtype: 'float32', shape: [null, 3, 224, 224] }, with null for sizes that vary.`,
    );
  }
}
