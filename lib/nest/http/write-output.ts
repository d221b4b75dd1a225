import { InvalidOutputError, NotAcceptableError } from '../io/errors.js';
import type { IoDescriptor, ResponsePayload } from '../io/io-descriptor.js';
import { errorResponse } from './api-error.js';

type Output = IoDescriptor<unknown, unknown>;

/**
 * Writes the return value of a handler as a response.
 *
 * @throws Only errors that are a 500: a wrong output is the service's fault, whatever the
 * descriptor throws.
 */
export function writeOutput(
  output: Output,
  value: unknown,
  accept?: string,
): ResponsePayload | Promise<ResponsePayload> {
  const fault = (error: unknown): never => {
    throw outputFault(output, error);
  };
  try {
    const payload = output.serialize(value, accept);
    return payload instanceof Promise ? payload.catch(fault) : payload;
  } catch (error) {
    return fault(error);
  }
}

/** Writes the data of an event; throws like `writeOutput`. */
export function writeEvent(output: Output, value: unknown): string {
  try {
    return (output.serializeEvent as (value: unknown) => string)(value);
  } catch (error) {
    throw outputFault(output, error);
  }
}

function outputFault(output: Output, error: unknown): unknown {
  if (error instanceof NotAcceptableError) return error;
  // Its message would blame the request if the client saw it.
  if (errorResponse(error).hidden) return error;
  const { name } = output.constructor;
  const fact = (error as Error).message;
  return new InvalidOutputError(name, fact, 'return a value that the descriptor can send', {
    cause: error,
  });
}
