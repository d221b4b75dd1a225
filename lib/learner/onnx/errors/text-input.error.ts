import { InputError } from '../../errors/index.js';

/**
 * Token ids that a text model cannot take: onnxruntime would answer nonsense or abort the process.
 *
 * @publicApi
 */
export class TextInputError extends InputError {
  constructor(
    readonly reason: string,
    remedy: string,
  ) {
    super(`${reason}. ${remedy}`);
  }
}
