import { InvalidOutputError, NotAcceptableError } from '../io/errors.js';
import type { IoDescriptor, ResponsePayload } from '../io/io-descriptor.js';
import { errorResponse } from './api-error.js';

type Output = IoDescriptor<unknown, unknown>;

/**
 * What a handler returned, as a response.
 *
 * @throws Errors that are a 500 only: an output that is wrong is the service's fault, whatever the
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

/** The data of an event; it throws as `writeOutput` does. */
export function writeEvent(output: Output, value: unknown): string {
  try {
    return (output.serializeEvent as (value: unknown) => string)(value);
  } catch (error) {
    throw outputFault(output, error);
  }
}

function outputFault(output: Output, error: unknown): unknown {
  if (error instanceof NotAcceptableError) return error;
  // Shown to the client, it would blame the request.
  if (errorResponse(error).hidden) return error;
  const { name } = output.constructor;
  const fact = (error as Error).message;
  return new InvalidOutputError(name, fact, 'return what the descriptor can send', {
    cause: error,
  });
}
