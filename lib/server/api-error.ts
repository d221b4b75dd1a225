import { STATUS_CODES } from 'node:http';
import { HttpException } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { InputError } from '../errors/index.js';
import { BodyTooLargeError, UnsupportedBodyError } from '../io/errors/index.js';
import {
  RunnerClosedError,
  RunnerOverloadedError,
  RunnerUnavailableError,
  RunTimeoutError,
  TooManyCallsError,
  WorkerDiedError,
} from '../runner/errors/index.js';
import { RequestTimeoutError, ShuttingDownError } from './errors/index.js';

/** The body of every error response of an endpoint: Nest's own shape. @publicApi */
export class ApiError {
  /** The HTTP status. */
  @ApiProperty({ type: 'integer', example: 400 })
  statusCode!: number;

  /** What is wrong, and what to do. */
  @ApiProperty({ type: 'string', example: 'Text: the body is not valid UTF-8; send valid text.' })
  message!: string;

  /** The name of the status. */
  @ApiProperty({ type: 'string', example: 'Bad Request' })
  error!: string;
}

/** Statuses that an endpoint can answer besides 200, with what they mean. @internal */
export const ERROR_RESPONSES: Readonly<Record<number, string>> = {
  400: 'The body is not what the endpoint takes.',
  413: 'The body is too large.',
  415: 'The media type, charset or compression of the body is not taken.',
  500: 'The service failed; the log has the reason.',
  503: 'No worker can take the request now; try again after the time in Retry-After.',
  504: 'The request was not answered in time.',
};

const RETRY_AFTER_SECONDS = '1';

const STATUSES: readonly [new (...args: never[]) => Error, number][] = [
  [InputError, 400],
  [BodyTooLargeError, 413],
  [UnsupportedBodyError, 415],
  [RequestTimeoutError, 504],
  [RunTimeoutError, 504],
  [ShuttingDownError, 503],
  [TooManyCallsError, 429],
  [RunnerClosedError, 503],
  [RunnerOverloadedError, 503],
  [RunnerUnavailableError, 503],
  [WorkerDiedError, 503],
];

/** An error as an HTTP response. @internal */
export interface ErrorResponse {
  readonly status: number;
  readonly body: object;
  readonly headers: Readonly<Record<string, string>>;
  /** The client learns nothing of it, so the log has to. */
  readonly hidden: boolean;
}

/** @internal */
export function errorResponse(error: unknown): ErrorResponse {
  if (error instanceof HttpException) return ofHttpException(error);
  const status = STATUSES.find(([type]) => error instanceof type)?.[1];
  if (status === undefined) {
    return { status: 500, body: shape(500, 'Internal server error'), headers: {}, hidden: true };
  }
  const headers: Record<string, string> =
    status === 503 || status === 429 ? { 'retry-after': retryAfter(error) } : {};
  return { status, body: shape(status, (error as Error).message), headers, hidden: false };
}

function retryAfter(error: unknown): string {
  return error instanceof RunnerOverloadedError
    ? String(error.retryAfterSeconds)
    : RETRY_AFTER_SECONDS;
}

function ofHttpException(exception: HttpException): ErrorResponse {
  const status = exception.getStatus();
  const response = exception.getResponse();
  const body =
    typeof response === 'string'
      ? shape(status, response)
      : { ...shape(status, exception.message), ...response };
  return { status, body, headers: {}, hidden: false };
}

function shape(statusCode: number, message: string): ApiError {
  return { statusCode, message, error: STATUS_CODES[statusCode] ?? 'Error' };
}
