import { InputError } from '../../learner/errors/index.js';

/**
 * A message breaks the Open Inference Protocol: the data of a tensor does not match its shape, a
 * datatype is unknown, or lengths do not fit. HTTP answers 400, gRPC INVALID_ARGUMENT.
 *
 * @publicApi
 */
export class InferenceMessageError extends InputError {
  constructor(fact: string, remedy: string) {
    super(`${fact}; ${remedy}.`);
  }
}
