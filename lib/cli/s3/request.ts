import { createHash } from 'node:crypto';
import { request as http, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { request as https } from 'node:https';
import { setTimeout as pause } from 'node:timers/promises';
import { AwsV4Signer } from 'aws4fetch';
import { CommandError } from '../errors.js';
import {
  credentials,
  givenRegion,
  otherRegion,
  REGION_HEADER,
  shownS3,
  urlOf,
  type S3Address,
} from './address.js';
import {
  BucketNotFoundError,
  ObjectChangedError,
  ObjectNotFoundError,
  S3AccessError,
  S3AnswerError,
  S3UnavailableError,
} from './errors.js';
import { readXml } from './xml.js';

/** A request about a bucket (its key is empty) or an object. */
export interface S3Request extends S3Address {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE';
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

/** An answer whose body is still to come. */
export interface S3Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Pieces of the body as stored. `fetch` would decompress a body with a Content-Encoding. */
  pieces(): AsyncGenerator<Uint8Array>;
  /** Ends the transfer. */
  abort(): void;
}

/** A server that is silent for this long counts as dead. */
const IDLE_MS = 60_000;
/** The slowest line on which bodies are sent. */
const BYTES_PER_MS = 64;
/**
 * The number of attempts, and the wait before the second one. Each further wait is twice as long.
 */
const ATTEMPTS = 6;
const PAUSE_MS = 200;
const MOST_ERROR_BYTES = 64 * 1024;

const ACTIONS = {
  GET: 'read',
  HEAD: 'read',
  PUT: 'write',
  POST: 'write',
  DELETE: 'delete',
} as const;
const UNAVAILABLE = new Set([408, 429, 500, 502, 503, 504, 509]);

/** Regions that S3 named, by bucket. */
const regions = new Map<string, string>();

/** Repeats work that failed only because S3 was unavailable. */
export async function retrying<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof S3UnavailableError) || attempt === ATTEMPTS) throw error;
      await backOff(attempt);
    }
  }
}

/**
 * Waits before another attempt: longer each time, and for a random time, so that clients do not
 * retry together.
 */
export async function backOff(attempt: number): Promise<void> {
  await pause(PAUSE_MS * 2 ** Math.min(attempt - 1, 6) * (0.5 + Math.random() / 2));
}

/** Whether to give up work that failed this often. */
export function isHopeless(attempt: number): boolean {
  return attempt >= ATTEMPTS;
}

/**
 * Sends a request once, or twice if S3 names another region.
 *
 * @throws BucketNotFoundError, ObjectNotFoundError, S3AccessError, ObjectChangedError,
 * S3UnavailableError, S3AnswerError for answers without success.
 */
export async function send(request: S3Request): Promise<S3Answer> {
  const region = regions.get(request.bucket) ?? givenRegion();
  const answer = await sendTo(request, region);
  const own =
    answer.status < 300 ? undefined : otherRegion(header(answer.headers, REGION_HEADER), region);
  if (own === undefined) return accept(request, answer);
  answer.abort();
  regions.set(request.bucket, own);
  return accept(request, await sendTo(request, own));
}

/** A header that occurs once. */
export function header(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' ? value : undefined;
}

/** The text of an answer. It repeats the request while S3 is unavailable. */
export async function sendForText(request: S3Request, mostBytes: number): Promise<string> {
  return retrying(() => sendOnce(request, mostBytes));
}

/** The text of an answer, from one attempt. */
export async function sendOnce(request: S3Request, mostBytes: number): Promise<string> {
  return textOf(request, await send(request), mostBytes);
}

/** Repeats a request while S3 is unavailable, and reads only the headers of the answer. */
export async function sendForHeaders(request: S3Request): Promise<IncomingHttpHeaders> {
  return retrying(async () => {
    const answer = await send(request);
    // The connection can be reused only after the whole body was read.
    await textOf(request, answer, MOST_ERROR_BYTES);
    return answer.headers;
  });
}

async function sendTo(request: S3Request, region: string): Promise<S3Answer> {
  const { method, body } = request;
  const { url, headers } = await signed(request, region);
  const stop = new AbortController();
  const wait = IDLE_MS + (body?.length ?? 0) / BYTES_PER_MS;
  const timed = async <T>(work: () => Promise<T>): Promise<T> => {
    const timer = setTimeout(() => stop.abort(), wait);
    try {
      return await work();
    } catch (error) {
      throw new S3UnavailableError(shownS3(request), reasonOf(error));
    } finally {
      clearTimeout(timer);
    }
  };
  const answer = await timed(
    () =>
      new Promise<IncomingMessage>((resolve, reject) => {
        const open = url.protocol === 'https:' ? https : http;
        const options = { method, headers: Object.fromEntries(headers), signal: stop.signal };
        open(url, options, resolve).on('error', reject).end(body);
      }),
  );
  const iterator = answer[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
  const abort = (): void => stop.abort();
  // An aborted request emits an error that nobody handles.
  answer.on('error', () => undefined);
  return {
    status: answer.statusCode ?? 0,
    headers: answer.headers,
    abort,
    async *pieces() {
      let whole = false;
      try {
        // The consumer may be busy, so only S3's silence counts.
        for (;;) {
          const { done, value } = await timed(() => iterator.next());
          if (done === true) break;
          yield value;
        }
        whole = true;
      } finally {
        if (!whole) abort();
      }
    },
  };
}

async function signed(request: S3Request, region: string): Promise<{ url: URL; headers: Headers }> {
  const { method, query = {}, body } = request;
  const url = urlOf(request, region);
  url.search = Object.entries(query)
    .map((pair) => pair.map(encodeURIComponent).join('='))
    .join('&');
  const headers = new Headers({
    ...request.headers,
    // Sizes must be those of the object, not of a compressed form.
    'accept-encoding': 'identity',
    'user-agent': 'nestjs-vts',
  });
  const key = credentials();
  if (key === undefined) return { url, headers };
  // With this header, S3 refuses a body that was damaged on the way.
  headers.set(
    'x-amz-content-sha256',
    createHash('sha256')
      .update(body ?? '')
      .digest('hex'),
  );
  const unsigned = ['accept-encoding', 'user-agent'].map(
    (name) => [name, headers.get(name)!] as const,
  );
  for (const [name] of unsigned) headers.delete(name);
  const signer = new AwsV4Signer({ method, url: url.href, headers, service: 's3', region, ...key });
  const made = await signer.sign();
  // A proxy on the way may change them.
  for (const [name, value] of unsigned) made.headers.set(name, value);
  return { url, headers: made.headers };
}

async function accept(request: S3Request, answer: S3Answer): Promise<S3Answer> {
  if (answer.status >= 200 && answer.status < 300) return answer;
  const code = await codeOf(request, answer);
  throw failureOf(request, answer.status, code);
}

/** S3's error code, from the body that only some answers have. */
async function codeOf(request: S3Request, answer: S3Answer): Promise<string | undefined> {
  let code: string | undefined;
  try {
    readXml(await textOf(request, answer, MOST_ERROR_BYTES), (path, text) => {
      if (path === 'Error/Code') code = text;
    });
  } catch {
    // The status is enough.
  }
  return code !== undefined && /^\w{1,100}$/.test(code) ? code : undefined;
}

/** The error for an answer with that status and that error code of S3. */
export function failureOf(
  request: S3Request,
  status: number,
  code: string | undefined,
): CommandError {
  const { bucket, key, method } = request;
  const address = shownS3(request);
  const shown = code ?? `HTTP ${status}`;
  if (code === 'NoSuchBucket' || (status === 404 && key === '')) {
    return new BucketNotFoundError(bucket, urlOf({ bucket, key: '' }, givenRegion()).host);
  }
  if (status === 404) return new ObjectNotFoundError(address);
  // 416: the object became shorter.
  if (status === 412 || status === 416) return new ObjectChangedError(address);
  if (
    UNAVAILABLE.has(status) ||
    code === 'RequestTimeout' ||
    code === 'InternalError' ||
    code === 'SlowDown'
  ) {
    return new S3UnavailableError(address, shown);
  }
  if (status === 401 || status === 403 || code === 'ExpiredToken' || code === 'InvalidToken') {
    const action = method === 'GET' && key === '' ? 'list' : ACTIONS[method];
    return new S3AccessError(address, action, shown);
  }
  return new S3AnswerError(
    address,
    status >= 300 && status < 400 ? `a redirect (${shown})` : shown,
  );
}

async function textOf(request: S3Request, answer: S3Answer, most: number): Promise<string> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of answer.pieces()) {
    bytes += piece.length;
    if (bytes > most) {
      throw new S3AnswerError(shownS3(request), `it has more than ${most / 1024} KiB`);
    }
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}

function reasonOf(error: unknown): string {
  const { name, message, code } = error as NodeJS.ErrnoException;
  if (name === 'AbortError') return `silent for ${IDLE_MS / 1000} s`;
  return code ?? (message || name);
}
