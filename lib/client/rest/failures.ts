import { shortened } from '../../learner/errors/index.js';
import type { InferenceStatus } from '../contract.js';
import { InferenceError } from '../errors.js';
import { isObject } from '../protocol/rest-tensors.js';
import { NotSentError, type HttpResponse } from './http.js';

/** How many characters of a server's own words a message contains at most. */
const MOST_WORDS = 2000;

/** The longest delay that a server's Retry-After may ask for; a longer one is a mistake. */
const LONGEST_WAIT_MS = 24 * 60 * 60 * 1000;

const STATUSES: Readonly<Record<number, InferenceStatus>> = {
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  413: 'RESOURCE_EXHAUSTED',
  429: 'RESOURCE_EXHAUSTED',
  499: 'CANCELLED',
  501: 'UNIMPLEMENTED',
  502: 'UNAVAILABLE',
  503: 'UNAVAILABLE',
  504: 'DEADLINE_EXCEEDED',
};

/**
 * Refusals before a model runs. 400 is not one, because servers also answer it to a model's own
 * failure.
 */
const REFUSED = new Set([401, 403, 404, 405, 413, 415, 422, 429, 501, 503]);

/**
 * The error for a server's answer instead of a result.
 *
 * @param what Such as `POST http://host/v2/models/m/infer`.
 */
export function refusal(what: string, response: HttpResponse, body: Uint8Array): InferenceError {
  const { status } = response;
  if (status >= 300 && status < 400) {
    const to = shortened(response.header('location'));
    return new InferenceError(
      `${what} is redirected${to === '' ? '' : ` to ${to}`}; use the URL that it leads to.`,
      { status: 'INTERNAL', mayHaveRun: false },
    );
  }
  const words = wordsOf(new TextDecoder().decode(body));
  const retryAfterMs = waitOf(response.header('retry-after'));
  const of = STATUSES[status] ?? (status >= 400 && status < 500 ? 'INVALID_ARGUMENT' : 'INTERNAL');
  const said = words === undefined ? 'no readable reason' : shortened(words, MOST_WORDS);
  return new InferenceError(`${said} (${status} to ${what})`, {
    status: of,
    // A proxy words it differently: the server behind it may have run the call.
    mayHaveRun: words === undefined || !REFUSED.has(status),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  });
}

/** The message of the protocol's `{ error }`, of Nest's and of FastAPI's errors. */
function wordsOf(text: string): string | undefined {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isObject(json)) return undefined;
  const { message, error, detail } = json;
  for (const words of [message, error, detail]) {
    if (typeof words === 'string' && words !== '') return words;
    if (Array.isArray(words) || isObject(words)) return JSON.stringify(words);
  }
  return undefined;
}

/** The error of a stream that sends an error instead of text, after the status. */
export function lateRefusal(what: string, text: string): InferenceError {
  const words = shortened(wordsOf(text) ?? 'no readable reason', MOST_WORDS);
  return new InferenceError(`${words} (within the answer to ${what})`, {
    status: 'INTERNAL',
    mayHaveRun: true,
  });
}

/** Seconds, or a date. */
function waitOf(header: string): number | undefined {
  if (header === '') return undefined;
  const wait = /^\s*\d+\s*$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return Number.isNaN(wait) ? undefined : Math.min(Math.max(wait, 0), LONGEST_WAIT_MS);
}

/** The error for an exception of the HTTP client. */
export function brokenCall(what: string, error: unknown): InferenceError {
  const cause = error instanceof Error ? error : undefined;
  const words = shortened(cause?.message ?? String(error), MOST_WORDS);
  const failure = { status: 'UNAVAILABLE', mayHaveRun: !(error instanceof NotSentError) } as const;
  const fact = failure.mayHaveRun ? 'lost its connection' : 'did not reach a server';
  return new InferenceError(
    `${what} ${fact} (${words}); check that the server is running and that the URL is right.`,
    failure,
    { cause: error },
  );
}

/** The error for an answer that breaks the protocol. */
export function brokenAnswer(what: string, fact: string, cause?: unknown): InferenceError {
  return new InferenceError(
    `The answer to ${what} breaks the Open Inference Protocol: ${fact}`,
    { status: 'INTERNAL', mayHaveRun: true },
    { cause },
  );
}
