import { InputError } from '../../../learner/errors/index.js';
import { RunFailedError, RunInputError } from '../errors.js';
import type { WireError } from './protocol.js';

export function wireError(error: unknown): WireError {
  if (!(error instanceof Error)) {
    return { kind: 'Error', message: String(error), stack: undefined, input: false };
  }
  const { name, message, stack } = error;
  return { kind: name, message, stack, input: error instanceof InputError };
}

/** The caller's error for a failure in a runner's model. */
export function runError(runner: string, { kind, message, stack, input }: WireError): Error {
  return input
    ? new RunInputError(runner, kind, message)
    : new RunFailedError(runner, kind, message, stack);
}
