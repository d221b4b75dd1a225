import type { Readable } from 'node:stream';
import type { ResponsePayload } from '../io/io-descriptor.js';

const streams = new WeakMap<object, Readable>();

/** The body of a response that is a stream of this module's own, which descriptors have no type for. */
export function piped(stream: Readable): ResponsePayload['body'] {
  const body: string[] = [];
  streams.set(body, stream);
  return body;
}

export function pipedStream(body: object): Readable | undefined {
  return streams.get(body);
}
