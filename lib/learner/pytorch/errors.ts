import { InputError, VtsError } from '../errors/index.js';

/**
 * A torch file holds something else than a model as a whole: weights, a checkpoint, a tensor.
 *
 * @publicApi
 */
export class NotAModuleError extends VtsError {
  constructor(
    readonly found: string,
    remedy = 'Save the whole module with torch.save(model, path), or export it with torch.onnx.export(model, args, path).',
  ) {
    super(`The file holds ${found}, not a model. ${remedy}`);
  }
}

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

/**
 * What was given to a model is not what the model takes: another shape, a dtype that cannot be
 * converted without loss, an id out of range. HTTP endpoints answer 400.
 *
 * @publicApi
 */
export class TensorInputError extends InputError {
  constructor(
    /** The input of the model, by its name. */
    readonly input: string,
    readonly reason: string,
    remedy: string,
  ) {
    super(`The input "${input}" of the model ${reason}; ${remedy}.`);
  }
}

/** `precision: 'int8'` for a model whose weights are out of reach. @publicApi */
export class UnquantizableModelError extends VtsError {
  constructor() {
    super(
      `precision: 'int8' cannot be used for the bytes of an ONNX model that keeps weights in other files. Give the path ` +
        `of the .onnx file, beside which they are, or leave precision out.`,
    );
  }
}
