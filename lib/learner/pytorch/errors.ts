import { InputError, VtsError } from '../errors/index.js';

/** The torch file holds weights, a checkpoint or a tensor rather than a whole model. @publicApi */
export class NotAModuleError extends VtsError {
  constructor(
    readonly found: string,
    remedy = 'Save the whole module with torch.save(model, path), or export it with torch.onnx.export(model, args, path).',
  ) {
    super(`The file holds ${found}, not a model. ${remedy}`);
  }
}

/** The inputs of a model cannot be inferred. @publicApi */
export class UnknownModelInputsError extends VtsError {
  constructor(
    /** `module.name` of the model's class. */
    readonly className: string,
  ) {
    super(
      `The model is a ${className}, and its inputs cannot be inferred from its first layer. Name them when you save the model: ` +
        `pytorch.saveModel(name, model, { inputs: [{ name: 'x', dtype: 'float32', shape: [null, 3, 224, 224] }] }), with null for sizes that vary.`,
    );
  }
}

/** The `inputs` described for a model are invalid. @publicApi */
export class InvalidModelInputError extends VtsError {
  constructor(fact: string) {
    super(
      `The description of the model's inputs is invalid: ${fact}. Describe each as { name: ` +
        "'x', dtype: 'float32', shape: [null, 3, 224, 224] }, with null for sizes that vary.",
    );
  }
}

/**
 * A model does not take the input that it received: its shape is wrong, its dtype cannot be
 * converted without loss, or an id is out of range. HTTP endpoints answer 400.
 *
 * @publicApi
 */
export class TensorInputError extends InputError {
  constructor(
    /** The name of the model's input. */
    readonly input: string,
    readonly reason: string,
    remedy: string,
  ) {
    super(`The input "${input}" of the model ${reason}; ${remedy}.`);
  }
}
