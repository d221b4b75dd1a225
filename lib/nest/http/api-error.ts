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
import { JobError, RequestTimeoutError, ShuttingDownError, SlowBodyError } from './errors.js';
import { ApiProperty, getSchemaPath } from '../openapi.js';

/** The body of every error response: Nest's own shape. @publicApi */
export class ApiError {
  /** The HTTP status. */
  @ApiProperty({ type: 'integer', example: 400 })
  statusCode!: number;

  /** The fact, and what to do. */
  @ApiProperty({ type: 'string', example: 'Text: the body is not valid UTF-8; send valid text.' })
  message!: string;

  /** The name of the status. */
  @ApiProperty({ type: 'string', example: 'Bad Request' })
  error!: string;
}

/** The statuses besides 200 that an endpoint can answer, and their meanings. */
export const ERROR_RESPONSES: Readonly<Record<number, string>> = {
  400: 'The body does not match what the endpoint takes.',
  404: 'Nothing is at this path.',
  405: 'The path does not support this method; Allow lists those that it does.',
  406: 'The result cannot be sent in a format that Accept allows.',
  408: 'The request did not arrive in time.',
  413: 'The body is too large.',
  415: 'The media type, charset or compression of the body is not supported.',
  422: 'The application refuses the input for its own reason.',
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
 * Errors whose messages contain internals of the service, such as paths, and the messages that
 * clients get instead.
 */
const PUBLIC_MESSAGES: readonly [new (...args: never[]) => Error, string][] = [
  [RunnerUnavailableError, 'No worker has the model loaded; try again later.'],
  [WorkerDiedError, 'The worker that served the request died; try again later.'],
  [RemoteUnavailableError, 'No server can take the request now; try again later.'],
];

/** An error as an HTTP response. */
export interface ErrorResponse {
  readonly status: number;
  readonly body: object;
  readonly headers: Readonly<Record<string, string>>;
  /** The client does not see the reason, so the log must have it. */
  readonly hidden: boolean;
}

/**
 * @param keepLists Whether a list of messages, as from Nest's `ValidationPipe`, stays a list. The
 * document says that a message is a string, because client generators cannot handle both.
 */
export function errorResponse(error: unknown, keepLists = false): ErrorResponse {
  if (error instanceof HttpException) return ofHttpException(error, keepLists);
  const known = STATUSES.find(([type]) => error instanceof type)?.[1];
  const status = known ?? (error instanceof JobError ? error.status : undefined);
  if (status !== undefined) {
    const hiding = PUBLIC_MESSAGES.find(([type]) => error instanceof type);
    const body = errorBody(status, hiding?.[1] ?? (error as Error).message);
    return { status, body, headers: headersOf(status, error), hidden: false };
  }
  const parsers = ofParser(error);
  if (parsers) return parsers;
  return { status: 500, body: errorBody(500, 'Internal server error'), headers: {}, hidden: true };
}

/** An error body. */
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
 * Nest's exceptions, with the other members of their response. Members in the document are as
 * documented.
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
 * An error of body parsers and other middleware: it has a status, and says whether its message may
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
