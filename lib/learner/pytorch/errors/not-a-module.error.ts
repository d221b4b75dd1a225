import { VtsError } from '../../errors/index.js';

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
