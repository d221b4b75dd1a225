import type { Logger } from '@nestjs/common';
import { RunFailedError } from '../../serving/runner/errors.js';

/** Logs a failure that the client does not see, except for the id of its request. */
export function logFailure(logger: Logger, error: unknown, requestId?: string): void {
  const of = requestId === undefined ? '' : ` (request ${requestId})`;
  if (error instanceof RunFailedError) {
    const { runner, kind, message, workerStack } = error;
    logger.error(`${runner} failed: ${kind}: ${message}${of}`, workerStack);
  } else if (error instanceof Error) {
    logger.error(`${error.name}: ${error.message}${of}`, error.stack);
  } else logger.error(`${String(error)}${of}`);
}
