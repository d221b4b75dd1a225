import {
  BadGatewayException,
  BadRequestException,
  Catch,
  NotFoundException,
  ServiceUnavailableException,
} from '@nestjs/common';
import {
  ModelNotReadyError,
  ModelNotServedError,
  RepositoryClosedError,
} from '../../../serving/open-inference/errors.js';
import { WorkerDiedError } from '../../../serving/runner/errors.js';
import type { EndpointProtocol } from '../../http/endpoint.js';
import { VtsExceptionFilter } from '../../http/vts-exception.filter.js';

export const JSON_TYPE = 'application/json';

/** Clients accept only JSON, and KServe's client only with exactly this content type. */
export const OPEN_INFERENCE: EndpointProtocol = { errorBody: (error) => ({ error }) };

/** Answers errors as the protocol says. */
@Catch()
export class OpenInferenceFilter extends VtsExceptionFilter {
  protected override readonly protocol = OPEN_INFERENCE;

  override answer(error: unknown, given: object, response: object): void {
    super.answer(ofHttp(error), given, response);
  }
}

/** The protocol's own errors with their statuses; others have theirs as on other endpoints. */
function ofHttp(error: unknown): unknown {
  if (error instanceof ModelNotServedError) return new NotFoundException(error.message);
  if (error instanceof ModelNotReadyError) return new ServiceUnavailableException(error.message);
  // 503 means that nothing has run, so clients send the request to another server.
  if (error instanceof WorkerDiedError) {
    return new BadGatewayException('The worker that served the request died; try again later.');
  }
  if (error instanceof RepositoryClosedError) return new BadRequestException(error.message);
  return error;
}
