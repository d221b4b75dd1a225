import { Catch, Inject, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { RunAbortedError } from '../../serving/runner/errors.js';
import { VTS_LOG_CONTEXT } from '../vts.constants.js';
import { errorResponse } from './api-error.js';
import type { EndpointProtocol } from './endpoint.js';
import { logFailure } from '../observability/log-failure.js';
import { requestIdOf } from '../observability/request-id.js';
import { PlatformHost } from './platform-host.js';
import { RequestRecord } from './request-record.js';

/**
 * Answers the errors of endpoints in Nest's shape `{ statusCode, message, error }`. An error caused
 * by neither the client nor the load is a 500 without details, which the log has.
 */
@Catch()
export class VtsExceptionFilter implements ExceptionFilter {
  protected readonly logger = new Logger(VTS_LOG_CONTEXT);
  /** Whether lists of messages stay lists. */
  protected readonly keepsLists: boolean = false;
  /** The error format of everything that it answers; by default that of the endpoint. */
  protected readonly protocol: EndpointProtocol | undefined;

  constructor(@Inject(PlatformHost) protected readonly platforms: PlatformHost) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    this.answer(error, http.getRequest<object>(), http.getResponse<object>());
  }

  /** Unwraps the framework's request and response. */
  answer(error: unknown, given: object, givenResponse: object): void {
    const platform = this.platforms.demand();
    const request = platform.requestOf(given);
    const response = platform.responseOf(givenResponse);
    // Its client has disconnected. A response that waits for others on its connection is not
    // notified.
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
      // A guard may know a better time to retry.
      if (!platform.hasHeader(givenResponse, name)) platform.setHeader(givenResponse, name, value);
    }
    const { protocol = record?.answersBy } = this;
    platform.sendPlainly(response);
    // The handler's own headers belong to its result.
    if (protocol === undefined) {
      platform.setHeader(givenResponse, 'content-type', 'application/json; charset=utf-8');
      this.platforms.adapter.reply(givenResponse, JSON.stringify(body), status);
    } else {
      const text = JSON.stringify(protocol.errorBody((body as { message: string }).message));
      platform.setHeader(givenResponse, 'content-type', 'application/json');
      this.platforms.adapter.reply(givenResponse, platform.exactText(text), status);
    }
  }
}
