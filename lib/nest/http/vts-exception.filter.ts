import { Catch, Inject, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { RunAbortedError } from '../../serving/runner/errors.js';
import { VTS_LOG_CONTEXT } from '../vts.constants.js';
import { errorResponse } from './api-error.js';
import type { HttpRequest, HttpResponse } from './http.js';
import { logFailure } from '../observability/log-failure.js';
import { requestIdOf } from '../observability/request-id.js';
import { RequestRecord } from './request-record.js';
import { sendWithoutEtag } from './send-without-etag.js';

/**
 * Answers the errors of endpoints in Nest's shape `{ statusCode, message, error }`. What is neither
 * the client's fault nor the load's is a 500 without details, and a line in the log with them.
 */
@Catch()
export class VtsExceptionFilter implements ExceptionFilter {
  protected readonly logger = new Logger(VTS_LOG_CONTEXT);
  /** Whether lists of messages stay lists. */
  protected readonly keepsLists: boolean = false;

  constructor(@Inject(HttpAdapterHost) protected readonly host: HttpAdapterHost) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    this.answer(error, http.getRequest<HttpRequest>(), http.getResponse<HttpResponse>());
  }

  answer(error: unknown, request: HttpRequest, response: HttpResponse): void {
    // Its client has left. A response that waits behind others on its connection is not told.
    const gone = response.destroyed || response.req?.socket?.destroyed;
    if (error instanceof RunAbortedError && gone) return;
    const { status, body, headers, hidden } = errorResponse(error, this.keepsLists);
    const record = RequestRecord.of(request);
    if (record !== undefined) record.failure = error;
    if (hidden) logFailure(this.logger, error, requestIdOf(request));
    if (response.headersSent) {
      response.end();
      return;
    }
    for (const [name, value] of Object.entries(headers)) {
      // A guard may know better when to come again.
      if (!response.hasHeader(name)) response.setHeader(name, value);
    }
    // What the handler has set is for its result.
    response.setHeader('content-type', 'application/json');
    sendWithoutEtag(response);
    this.host.httpAdapter.reply(response, JSON.stringify(body), status);
  }
}
