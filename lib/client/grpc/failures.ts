import type { Metadata, ServiceError } from '@grpc/grpc-js';
import { shortened } from '../../learner/errors/index.js';
import type { InferenceStatus } from '../contract.js';
import { InferenceError } from '../errors.js';

/** How many characters of a server's own words a message contains at most. */
const MOST_WORDS = 2000;

/** The longest delay that a server may ask for; a longer one is a mistake. */
const LONGEST_WAIT_MS = 24 * 60 * 60 * 1000;

/** Keyed by the codes of gRPC; others are INTERNAL. */
const STATUSES = new Map<number, InferenceStatus>([
  [1, 'CANCELLED'],
  [3, 'INVALID_ARGUMENT'],
  [4, 'DEADLINE_EXCEEDED'],
  [5, 'NOT_FOUND'],
  [6, 'INVALID_ARGUMENT'],
  [7, 'PERMISSION_DENIED'],
  [8, 'RESOURCE_EXHAUSTED'],
  [9, 'INVALID_ARGUMENT'],
  [11, 'INVALID_ARGUMENT'],
  [12, 'UNIMPLEMENTED'],
  [14, 'UNAVAILABLE'],
  [16, 'UNAUTHENTICATED'],
]);

/** Refusals before a model runs. */
const REFUSED: readonly InferenceStatus[] = [
  'NOT_FOUND',
  'PERMISSION_DENIED',
  'UNIMPLEMENTED',
  'UNAUTHENTICATED',
];

/** Statuses that mean, together with a requested delay, that the server ran nothing. */
const BUSY: readonly InferenceStatus[] = ['UNAVAILABLE', 'RESOURCE_EXHAUSTED'];

/** The facts about a call besides its error. */
export interface CallFacts {
  /** Such as `ModelInfer of grpc://host:8001`. */
  readonly what: string;
  /** Whether a connection got it. */
  readonly sent: boolean;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Why a call failed.
 *
 * grpc-js does not publish what it knows about a call that lost its connection, so such a call may
 * have run. A proxy also answers UNAVAILABLE after a lost connection. Nothing ran if the call never
 * got a connection, if the status says so, or if the server asks for a retry
 * (`grpc-retry-pushback-ms` or `retry-after`).
 */
export function failureOf(error: unknown, facts: CallFacts): InferenceError {
  if (error instanceof InferenceError) return error;
  const { what, timeoutMs, signal } = facts;
  if (!isServiceError(error)) {
    const words = shortened(error instanceof Error ? error.message : String(error), MOST_WORDS);
    const failure = { status: 'INTERNAL', mayHaveRun: facts.sent } as const;
    return new InferenceError(`${what} failed (${words})`, failure, { cause: error });
  }
  const status = statusOf(error.code, signal);
  const retryAfterMs = waitOf(error.metadata);
  const sent = facts.sent && !neverAccepted(error);
  const refused = REFUSED.includes(status) || (BUSY.includes(status) && retryAfterMs !== undefined);
  const failure = {
    status,
    mayHaveRun: sent && !refused,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  };
  const words = shortened(error.details || 'without a reason', MOST_WORDS);
  if (status === 'CANCELLED' && signal?.aborted === true) {
    return new InferenceError(`${what} was cancelled by its signal.`, failure, {
      cause: signal.reason,
    });
  }
  if (status === 'DEADLINE_EXCEEDED' && timeoutMs > 0) {
    const fact = `${what} took longer than ${timeoutMs} ms (${words})`;
    const remedy = 'give a larger timeoutMs, or ask for less at once';
    return new InferenceError(`${fact}; ${remedy}.`, failure, { cause: error });
  }
  if (status === 'UNAVAILABLE' && !sent) {
    return new InferenceError(
      `${what} did not reach a server (${words}); check that the server is running and that the address is right.`,
      failure,
      { cause: error },
    );
  }
  return new InferenceError(`${words} (${status} to ${what})`, failure, { cause: error });
}

/** A server that shuts down resets its calls, which grpc-js also reports as a cancellation. */
function statusOf(code: number, signal: AbortSignal | undefined): InferenceStatus {
  const status = STATUSES.get(code) ?? 'INTERNAL';
  return status === 'CANCELLED' && signal?.aborted !== true ? 'UNAVAILABLE' : status;
}

/**
 * Whether grpc-js found no connection in the end. If the call had a connection before, the server
 * refused to start it because of a shutdown: grpc-js retries no other calls. Answers of a server
 * have metadata.
 */
function neverAccepted({ code, details, metadata }: ServiceError): boolean {
  const local = Object.keys(metadata?.getMap() ?? {}).length === 0;
  return code === 14 && local && /^(\w+: )?No connection established/.test(details);
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && typeof (error as Partial<ServiceError>).code === 'number';
}

function waitOf(metadata: Metadata | undefined): number | undefined {
  const pushback = numberOf(metadata, 'grpc-retry-pushback-ms');
  // A negative value means no retry.
  const wait = pushback ?? (numberOf(metadata, 'retry-after') ?? NaN) * 1000;
  return wait >= 0 ? Math.min(wait, LONGEST_WAIT_MS) : undefined;
}

function numberOf(metadata: Metadata | undefined, name: string): number | undefined {
  const [value] = metadata?.get(name) ?? [];
  return typeof value === 'string' && /^\s*-?\d{1,15}\s*$/.test(value) ? Number(value) : undefined;
}

/** The error for an answer that breaks the protocol. */
export function brokenAnswer(what: string, cause: Error): InferenceError {
  return new InferenceError(
    `The answer to ${what} breaks the Open Inference Protocol: ${cause.message}`,
    { status: 'INTERNAL', mayHaveRun: true },
    { cause },
  );
}

/** The error for a request that cannot be sent. */
export function unsendable(
  message: string,
  status: InferenceStatus,
  cause?: unknown,
): InferenceError {
  return new InferenceError(message, { status, mayHaveRun: false }, { cause });
}
