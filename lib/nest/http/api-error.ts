import { STATUS_CODES } from 'node:http';
import { HttpException } from '@nestjs/common';
import { InputError } from '../../learner/errors/index.js';
import {
  BodyTooLargeError,
  NotAcceptableError,
  ParserOverloadedError,
  UnsupportedBodyError,
} from '../io/errors.js';
import { RemoteUnavailableError } from '../../serving/remote/errors.js';
import {
  RunnerClosedError,
  RunnerOverloadedError,
  RunnerUnavailableError,
  RunTimeoutError,
  TooManyCallsError,
  WorkerDiedError,
} from '../../serving/runner/errors.js';
import { RequestTimeoutError, ShuttingDownError, SlowBodyError } from './errors.js';
import { ApiProperty, getSchemaPath } from '../openapi.js';

/** The body of every error response: Nest's own shape. @publicApi */
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

/** Statuses that a request to an endpoint can be answered besides 200, with what they mean. */
export const ERROR_RESPONSES: Readonly<Record<number, string>> = {
  400: 'The body is not what the endpoint takes.',
  404: 'There is nothing at this path.',
  405: 'The path has no such method; Allow names those that it has.',
  406: 'The result cannot be sent as what Accept asks for.',
  408: 'The request did not come in time.',
  413: 'The body is too large.',
  415: 'The media type, charset or compression of the body is not taken.',
  422: 'The application refuses the input for a reason of its own.',
  429: 'Too many requests; try again after the time in Retry-After.',
  500: 'The service failed; the log has the reason.',
  503: 'No worker can take the request now; try again after the time in Retry-After.',
  504: 'The request was not answered in time.',
};

const RETRY_AFTER_SECONDS = '1';

const STATUSES: readonly [new (...args: never[]) => Error, number][] = [
  [InputError, 400],
  [BodyTooLargeError, 413],
  [UnsupportedBodyError, 415],
  [NotAcceptableError, 406],
  [SlowBodyError, 408],
  [RequestTimeoutError, 504],
  [RunTimeoutError, 504],
  [ShuttingDownError, 503],
  [TooManyCallsError, 429],
  [RunnerClosedError, 503],
  [RunnerOverloadedError, 503],
  [ParserOverloadedError, 503],
  [RunnerUnavailableError, 503],
  [WorkerDiedError, 503],
  [RemoteUnavailableError, 503],
];

/**
 * Errors whose messages tell of the service's inside, such as paths, with what clients are told
 * instead.
 */
const PUBLIC_MESSAGES: readonly [new (...args: never[]) => Error, string][] = [
  [RunnerUnavailableError, 'No worker has the model loaded; try again later.'],
  [WorkerDiedError, 'The worker that served the request died; try again later.'],
  [RemoteUnavailableError, 'No server takes the request now; try again later.'],
];

/** An error as an HTTP response. */
export interface ErrorResponse {
  readonly status: number;
  readonly body: object;
  readonly headers: Readonly<Record<string, string>>;
  /** The client learns nothing of it, so the log has to. */
  readonly hidden: boolean;
}

/**
 * @param keepLists Whether a list of messages, as Nest's `ValidationPipe` gives one, stays a list.
 * The document says that a message is a text, as generators of clients cannot do with either.
 */
export function errorResponse(error: unknown, keepLists = false): ErrorResponse {
  if (error instanceof HttpException) return ofHttpException(error, keepLists);
  const status = STATUSES.find(([type]) => error instanceof type)?.[1];
  if (status !== undefined) {
    const hiding = PUBLIC_MESSAGES.find(([type]) => error instanceof type);
    const body = errorBody(status, hiding?.[1] ?? (error as Error).message);
    return { status, body, headers: headersOf(status, error), hidden: false };
  }
  const known = ofParser(error);
  if (known) return known;
  return { status: 500, body: errorBody(500, 'Internal server error'), headers: {}, hidden: true };
}

/** A body of the one shape. */
export function errorBody(statusCode: number, message: string): ApiError {
  return { statusCode, message, error: STATUS_CODES[statusCode] ?? 'Error' };
}

/** An error response in the OpenAPI document. */
export function errorContent(statusCode: number, message: string) {
  const schema = { $ref: getSchemaPath(ApiError) };
  return { 'application/json': { schema, example: errorBody(statusCode, message) } };
}

function headersOf(status: number, error: unknown): Record<string, string> {
  if (status !== 503 && status !== 429) return {};
  const seconds =
    error instanceof RunnerOverloadedError ? String(error.retryAfterSeconds) : RETRY_AFTER_SECONDS;
  return { 'retry-after': seconds };
}

/**
 * Nest's exceptions, with what else their response has; what is in the document is as the document
 * says.
 */
function ofHttpException(exception: HttpException, keepLists: boolean): ErrorResponse {
  const status = exception.getStatus();
  const response = exception.getResponse();
  const given = (typeof response === 'object' ? response : { message: response }) as {
    message?: unknown;
    error?: unknown;
  };
  const base = errorBody(status, textOf(given.message) ?? exception.message);
  const list = keepLists && Array.isArray(given.message) ? { message: given.message } : {};
  const named = typeof given.error === 'string' ? { error: given.error } : {};
  return {
    status,
    body: { ...given, ...base, ...list, ...named },
    headers: headersOf(status, exception),
    hidden: false,
  };
}

function textOf(message: unknown): string | undefined {
  if (typeof message === 'string') return message;
  if (!Array.isArray(message)) return undefined;
  return message
    .map((each: unknown) => (typeof each === 'string' ? each : JSON.stringify(each)))
    .join('; ');
}

/**
 * What body parsers and other middleware throw: an error with a status, and whether its message may
 * be shown.
 */
function ofParser(error: unknown): ErrorResponse | undefined {
  const { statusCode: status, expose, message } = (error ?? {}) as Record<string, unknown>;
  if (typeof status !== 'number' || typeof expose !== 'boolean') return undefined;
  if (!Number.isInteger(status) || status < 400 || status > 599) return undefined;
  const shown = expose && typeof message === 'string' ? message : STATUS_CODES[status];
  const body = errorBody(status, shown ?? 'Error');
  return { status, body, headers: headersOf(status, error), hidden: status >= 500 };
}
