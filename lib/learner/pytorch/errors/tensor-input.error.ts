import { InputError } from '../../errors/index.js';

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
