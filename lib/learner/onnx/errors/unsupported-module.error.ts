import { VtsError } from '../../errors/index.js';

const wayOut =
  `Export that model in Python with torch.onnx.export, and load the learner with ` +
  `Learner.load(pkl, { onnx: 'model.onnx' }); a bare model is saved with pytorch.saveModel(name, 'model.onnx').`;

/**
 * A module of the file's model cannot be turned into a graph: its class is not known, or its state
 * changes what it computes in a way that is not known.
 *
 * @publicApi
 */
export class UnsupportedModuleError extends VtsError {
  constructor(
    /** Dotted path from the root of the model, as `named_modules()` gives it; '' for the root. */
    readonly path: string,
    /** `module.name` of the class. */
    readonly className: string,
    /** What cannot be done, where it is not the class itself. */
    readonly reason?: string,
  ) {
    const where = path === '' ? 'The model itself' : `The module at "${path}" of the model`;
    const fact = reason ?? 'a class that cannot be turned into a graph here';
    super(`${where} is a ${className}: ${fact}. ${wayOut}`);
  }
}
