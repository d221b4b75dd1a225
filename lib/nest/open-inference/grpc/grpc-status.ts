import type { InferenceStatus } from '../../../client/contract.js';
import {
  ModelNotReadyError,
  ModelNotServedError,
  RepositoryClosedError,
} from '../../../serving/open-inference/errors.js';
import { RemoteUnavailableError } from '../../../serving/remote/errors.js';
import { RunAbortedError, WorkerDiedError } from '../../../serving/runner/errors.js';
import { errorResponse } from '../../http/api-error.js';

/** The codes of gRPC by their names. */
export const CODES = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const satisfies Record<InferenceStatus, number> & Record<string, number>;

const NAMES = new Map<number, string>(Object.entries(CODES).map(([name, code]) => [code, name]));

export function nameOfCode(code: number): string {
  return NAMES.get(code) ?? 'UNKNOWN';
}

const OF_HTTP = new Map<number, InferenceStatus>([
  [401, 'UNAUTHENTICATED'],
  [403, 'PERMISSION_DENIED'],
  [404, 'NOT_FOUND'],
  [408, 'DEADLINE_EXCEEDED'],
  [413, 'RESOURCE_EXHAUSTED'],
  [429, 'RESOURCE_EXHAUSTED'],
  [499, 'CANCELLED'],
  [501, 'UNIMPLEMENTED'],
  [503, 'UNAVAILABLE'],
  [504, 'DEADLINE_EXCEEDED'],
]);

const HTTP_OF = new Map<number, number>([
  [CODES.OK, 200],
  [CODES.CANCELLED, 499],
  [CODES.INVALID_ARGUMENT, 400],
  [CODES.DEADLINE_EXCEEDED, 504],
  [CODES.NOT_FOUND, 404],
  [CODES.ALREADY_EXISTS, 409],
  [CODES.PERMISSION_DENIED, 403],
  [CODES.RESOURCE_EXHAUSTED, 429],
  [CODES.FAILED_PRECONDITION, 400],
  [CODES.ABORTED, 409],
  [CODES.OUT_OF_RANGE, 400],
  [CODES.UNIMPLEMENTED, 501],
  [CODES.UNAVAILABLE, 503],
  [CODES.UNAUTHENTICATED, 401],
]);

/** The equivalent HTTP status. */
export function httpStatusOf(code: number): number {
  return HTTP_OF.get(code) ?? 500;
}

/** The answer to a failed call. */
export interface GrpcFailure {
  readonly code: number;
  /** The form that grpc-js can send. */
  readonly details: string;
  /** Milliseconds; set if certainly nothing has run and the call may be sent again. */
  readonly retryAfterMs: number | undefined;
  /** The client does not see the reason, so the log must have it. */
  readonly hidden: boolean;
}

/** Statuses that differ from those of HTTP endpoints. */
const OWN: readonly [new (...args: never[]) => Error, InferenceStatus, retryAfterMs?: number][] = [
  [RepositoryClosedError, 'UNIMPLEMENTED'],
  [ModelNotServedError, 'NOT_FOUND'],
  [ModelNotReadyError, 'UNAVAILABLE', 1000],
  [RunAbortedError, 'CANCELLED'],
];

/**
 * A failure as gRPC's status: the code by the status that an HTTP endpoint would answer.
 *
 * @param begun Whether something may have been run for the call.
 */
export function failureOf(error: unknown, begun: boolean): GrpcFailure {
  const [, own, retryAfterMs] = OWN.find(([type]) => error instanceof type) ?? [];
  if (own !== undefined) return { ...failure(own, (error as Error).message), retryAfterMs };
  const guards = ofRpcException(error);
  if (guards !== undefined) return guards;
  const { status, body, headers, hidden } = errorResponse(error);
  const name =
    OF_HTTP.get(status) ?? (status >= 400 && status < 500 ? 'INVALID_ARGUMENT' : 'INTERNAL');
  const { message } = body as { message?: unknown };
  const seconds = Number(headers['retry-after']);
  const ran = begun || error instanceof WorkerDiedError || mayHaveRunElsewhere(error);
  return {
    ...failure(name, typeof message === 'string' ? message : 'Error'),
    retryAfterMs: ran || !Number.isFinite(seconds) ? undefined : seconds * 1000,
    hidden,
  };
}

function mayHaveRunElsewhere(error: unknown): boolean {
  return error instanceof RemoteUnavailableError && error.mayHaveRun;
}

function failure(name: InferenceStatus, message: string): GrpcFailure {
  return { code: CODES[name], details: detailsOf(message), retryAfterMs: undefined, hidden: false };
}

/**
 * `RpcException` of `@nestjs/microservices`, which guards for gRPC throw. Its shape identifies it,
 * because the package may not be installed.
 */
function ofRpcException(error: unknown): GrpcFailure | undefined {
  if (!(error instanceof Error)) return undefined;
  const { getError } = error as { getError?: unknown };
  if (typeof getError !== 'function') return undefined;
  const given = getError.call(error) as unknown;
  const { code, message, details } = (typeof given === 'object' && given !== null ? given : {}) as {
    code?: unknown;
    message?: unknown;
    details?: unknown;
  };
  const text = [details, message, given].find((each) => typeof each === 'string');
  const known = typeof code === 'number' && code > 0 && NAMES.has(code);
  return {
    code: known ? code : CODES.UNKNOWN,
    details: detailsOf((text as string | undefined) ?? error.message),
    retryAfterMs: undefined,
    hidden: false,
  };
}

/** Clients accept some kilobytes of metadata, and escaping makes a text longer. */
const MOST_DETAILS = 4000;

/** The text in the form that a status can have. */
export function detailsOf(text: string): string {
  // A half of a surrogate pair cannot be escaped.
  let shown = text.slice(0, MOST_DETAILS).toWellFormed();
  while (encodeURI(shown).length > MOST_DETAILS) {
    shown = shown.slice(0, Math.floor(shown.length * 0.75)).toWellFormed();
  }
  return shown.length < text.length ? `${shown}…` : shown;
}
