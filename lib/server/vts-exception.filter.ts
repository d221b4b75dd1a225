import { Catch, Inject, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { RunAbortedError } from '../runner/errors/index.js';
import { VTS_LOG_CONTEXT } from '../vts.constants.js';
import { errorResponse } from './api-error.js';
import type { HttpResponse } from './http.js';
import { logFailure } from './log-failure.js';

/**
 * Answers the errors of endpoints in Nest's shape `{ statusCode, message, error }`. What is neither the client's
 * fault nor the load's is a 500 without details, and a line in the log with them.
 *
 * @internal
 */
@Catch()
export class VtsExceptionFilter implements ExceptionFilter {
  readonly #logger = new Logger(VTS_LOG_CONTEXT);

  constructor(@Inject(HttpAdapterHost) private readonly host: HttpAdapterHost) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const response = host.switchToHttp().getResponse<HttpResponse>();
    // Its client has left.
    if (error instanceof RunAbortedError && response.destroyed) return;
    const { status, body, headers, hidden } = errorResponse(error);
    if (hidden) logFailure(this.#logger, error);
    if (response.headersSent) {
      response.end();
      return;
    }
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    this.host.httpAdapter.reply(response, body, status);
  }
}
