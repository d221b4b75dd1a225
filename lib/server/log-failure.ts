import type { Logger } from '@nestjs/common';
import { RunFailedError } from '../runner/errors/index.js';

/** A line about a failure of which the client learns nothing. @internal */
export function logFailure(logger: Logger, error: unknown): void {
  if (error instanceof RunFailedError) {
    const { runner, kind, message, workerStack } = error;
    logger.error(`${runner} failed: ${kind}: ${message}`, workerStack);
  } else if (error instanceof Error) {
    logger.error(`${error.name}: ${error.message}`, error.stack);
  } else logger.error(String(error));
}
