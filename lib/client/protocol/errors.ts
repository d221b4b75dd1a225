import { InputError } from '../../learner/errors/index.js';

/**
 * A message breaks the Open Inference Protocol: a tensor whose data and shape differ, an unknown
 * datatype, lengths that do not fit. HTTP answers 400, gRPC INVALID_ARGUMENT.
 *
 * @publicApi
 */
export class InferenceMessageError extends InputError {
  constructor(fact: string, remedy: string) {
    super(`${fact}; ${remedy}.`);
  }
}
