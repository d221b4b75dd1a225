import { BadRequestException } from '@nestjs/common';
import { parseContentType } from '../io/request-body.js';
import { SlowBodyError } from './errors.js';
import type { Arrival, HttpRequest } from './platform.js';
import { readStream } from './read-body.js';

/**
 * The body of a request that was read before the application's body parsers could, or why it could
 * not be.
 */
export type EarlyBody = { readonly bytes: Uint8Array } | { readonly error: Error };

const bodies = new WeakMap<HttpRequest, EarlyBody>();

export function earlyBodyOf(request: HttpRequest): EarlyBody | undefined {
  return bodies.get(request);
}

/**
 * Reads the JSON body of an endpoint ahead of the application's own parser, which takes no more
 * than 100 kB, refuses bare values, loses the digits of large integers, and answers in its own way
 * where another media type is wanted. Guards, and another handler at the very same path (of another
 * version, or for another host), still get their `request.body`, parsed when it is asked for.
 *
 * @returns Undefined where the request is for no endpoint, or has no JSON.
 */
export function readJsonEarly(
  { request, endpoint }: Arrival,
  fallbackLimit: number,
  fallbackTimeoutMs: number,
): Promise<void> | undefined {
  if (endpoint === undefined || request.readableEnded) return undefined;
  const { mediaType } = parseContentType(request.headers['content-type']);
  if (mediaType === undefined || !/[/+]json$/.test(mediaType)) return undefined;
  const { maxBytes = fallbackLimit } = endpoint.input;
  return read(request, maxBytes, endpoint.timeoutMs ?? fallbackTimeoutMs);
}

async function read(request: HttpRequest, maxBytes: number, timeoutMs: number): Promise<void> {
  try {
    const bytes = await inTime(readStream(request, maxBytes), timeoutMs);
    bodies.set(request, { bytes });
    // The requests of VtsExpressAdapter have it already.
    if (!('body' in request)) Object.defineProperty(request, 'body', bodyProperty);
  } catch (error) {
    bodies.set(request, { error: error as Error });
    // The rest of the stream is being discarded: without a type no parser touches it.
    delete request.headers['content-type'];
  }
}

/** The endpoint's own clock starts when its handler is found, which is after the body. */
async function inTime<T>(reading: Promise<T>, timeoutMs: number): Promise<T> {
  if (timeoutMs === 0) return reading;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new SlowBodyError(timeoutMs)), timeoutMs);
  });
  try {
    return await Promise.race([reading, late]);
  } finally {
    clearTimeout(timer);
    // What the body's stream does afterwards concerns nobody.
    reading.catch(() => undefined);
  }
}

/** A `body` that is parsed from what was read early when somebody asks for it. */
export const bodyProperty: PropertyDescriptor & ThisType<HttpRequest> = {
  configurable: true,
  enumerable: true,
  get(): unknown {
    const early = bodies.get(this);
    if (early === undefined || 'error' in early) return undefined;
    try {
      const text = new TextDecoder().decode(early.bytes);
      return (this.body = early.bytes.length === 0 ? {} : (JSON.parse(text) as unknown));
    } catch (error) {
      throw new BadRequestException((error as Error).message);
    }
  },
  set(value: unknown) {
    Object.defineProperty(this, 'body', {
      value,
      writable: true,
      configurable: true,
      enumerable: true,
    });
  },
};
