import type { Readable } from 'node:stream';
import type { ResponsePayload } from '../io/io-descriptor.js';

const streams = new WeakMap<object, Readable>();

/**
 * The body of a response that is one of this module's own streams. Descriptors do not have a type
 * for it.
 */
export function piped(stream: Readable): ResponsePayload['body'] {
  const body: string[] = [];
  streams.set(body, stream);
  return body;
}

export function pipedStream(body: object): Readable | undefined {
  return streams.get(body);
}
