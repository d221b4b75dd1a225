import { BadRequestException } from '@nestjs/common';
import { parseContentType } from '../io/request-body.js';
import type { Arrival, HttpRequest } from './platform.js';
import { readBody } from './read-body.js';
import { RequestRecord } from './request-record.js';

/**
 * Reads the JSON body of an endpoint ahead of the application's own parser, which takes no more
 * than 100 kB, refuses bare values, loses the digits of large integers, and answers in its own way
 * where another media type is wanted. Guards, and another handler at the very same path (of another
 * version, or for another host), still get their `request.body`, parsed when it is asked for.
 *
 * Bodies of endpoints of a protocol are read whatever they are: a client may call JSON a form.
 *
 * @param done Called when it is there; at once where the request is for no endpoint, or has no JSON.
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
  // The endpoint's own clock starts when its handler is found, which is after the body.
  const { timeoutMs = fallbackTimeoutMs } = endpoint;
  const record = RequestRecord.of(request) as RequestRecord;
  readBody(request, { maxBytes, timeoutMs }, (error, bytes) => {
    record.body = error === undefined ? { bytes: bytes as Uint8Array } : { error };
    // The rest of the stream is being discarded: without a type no parser touches it.
    if (error !== undefined) delete request.headers['content-type'];
    // The requests of VtsExpressAdapter have it already.
    else if (isJson && !('body' in request)) Object.defineProperty(request, 'body', bodyProperty);
    done();
  });
}

/** A `body` that is parsed from what was read early when somebody asks for it. */
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
