import { VtsError } from '../../../../learner/errors/index.js';

/**
 * What was given to `pytorch.saveModel()` is no model that it can save.
 *
 * @publicApi
 */
export class NotSavableModuleError extends VtsError {
  constructor(
    /** What it is. */
    readonly given: string,
    remedy = 'Give learner.model, the path or bytes of a file that torch.save(module) wrote, or the path of an .onnx file.',
  ) {
    super(`pytorch.saveModel() saves models, and was given ${given}. ${remedy}`);
  }
}
