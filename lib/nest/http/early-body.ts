import { BadRequestException } from '@nestjs/common';
import { parseContentType } from '../io/request-body.js';
import type { Arrival, HttpRequest } from './platform.js';
import { readBody } from './read-body.js';
import { RequestRecord } from './request-record.js';

/**
 * Reads the JSON body of an endpoint before the application's own parser. That parser accepts at
 * most 100 kB, refuses bare values, loses digits of large integers, and answers in its own way if
 * the endpoint wants another media type. Guards, and another handler at the same path (of another
 * version, or for another host), still get `request.body`, which is parsed when they read it.
 *
 * Endpoints of a protocol read bodies of any type, because a client may declare JSON as a form.
 *
 * @param done Called when the body has been read; at once if the request is not for an endpoint, or
 * not JSON.
 */
export function readEarly(
  { request, endpoint }: Arrival,
  fallbackLimit: number,
  fallbackTimeoutMs: number,
  done: () => void,
): void {
  if (endpoint === undefined || request.readableEnded) return done();
  const { mediaType } = parseContentType(request.headers['content-type']);
  const isJson = mediaType !== undefined && /[/+]json$/.test(mediaType);
  if (!isJson && endpoint.protocol === undefined) return done();
  const { maxBytes = fallbackLimit } = endpoint.input;
  // The endpoint's own clock starts when its handler is found, after the body.
  const { timeoutMs = fallbackTimeoutMs } = endpoint;
  const record = RequestRecord.of(request) as RequestRecord;
  readBody(request, { maxBytes, timeoutMs }, (error, bytes) => {
    record.body = error === undefined ? { bytes: bytes as Uint8Array } : { error };
    // The rest of the stream is being discarded, and no parser touches a body without a type.
    if (error !== undefined) delete request.headers['content-type'];
    // The requests of VtsExpressAdapter have it already.
    else if (isJson && !('body' in request)) Object.defineProperty(request, 'body', bodyProperty);
    done();
  });
}

/** A `body` property that parses the early-read body on first access. */
export const bodyProperty: PropertyDescriptor & ThisType<HttpRequest> = {
  configurable: true,
  enumerable: true,
  get(): unknown {
    const early = RequestRecord.of(this)?.body;
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
