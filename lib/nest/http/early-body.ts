import { BadRequestException } from '@nestjs/common';
import { parseContentType } from '../io/request-body.js';
import type { Arrival, HttpRequest } from './platform.js';
import { readBody } from './read-body.js';

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
  // The endpoint's own clock starts when its handler is found, which is after the body.
  const { timeoutMs = fallbackTimeoutMs } = endpoint;
  return new Promise((resolve) => {
    readBody(request, { maxBytes, timeoutMs }, (error, bytes) => {
      bodies.set(request, error === undefined ? { bytes: bytes as Uint8Array } : { error });
      // The rest of the stream is being discarded: without a type no parser touches it.
      if (error !== undefined) delete request.headers['content-type'];
      // The requests of VtsExpressAdapter have it already.
      else if (!('body' in request)) Object.defineProperty(request, 'body', bodyProperty);
      resolve();
    });
  });
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
