import { InputError, shortened } from '../../learner/errors/index.js';

/**
 * A client asked to load or unload a model, which is not possible. HTTP answers 400, as Triton
 * does, and gRPC INVALID_ARGUMENT.
 *
 * @publicApi
 */
export class RepositoryRequestError extends InputError {
  constructor(model: string, what: string, fact: string, options?: ErrorOptions) {
    super(`The model "${shortened(model)}" cannot ${what}: ${fact}`, options);
  }
}
