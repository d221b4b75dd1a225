import type { HttpResponse } from './http.js';

interface ExpressResponse extends HttpResponse {
  send(body: unknown): unknown;
}

/** Statuses of responses that have no body. */
const BODILESS = new Set([204, 205, 304]);

const UTF8_TYPES = new Map<string, string>();

/**
 * Makes a response send its text as it is, under the content type that it has. Express would hash
 * it for an `ETag`, which is of no use in the answer to a `POST` or in an error, and write head and
 * body apart.
 */
export function sendWithoutEtag(response: HttpResponse): void {
  const express = response as ExpressResponse;
  // Something of the application wants to see what is sent.
  if (typeof express.send !== 'function' || Object.hasOwn(express, 'send')) return;
  const { send } = express;
  express.send = function (body) {
    if (typeof body !== 'string' || BODILESS.has(response.statusCode)) return send.call(this, body);
    response.setHeader('content-type', utf8(String(response.getHeader('content-type'))));
    response.setHeader('content-length', Buffer.byteLength(body));
    return response.end(body, 'utf8');
  };
}

/** The content type with the charset in which strings are sent, as Express has it. */
function utf8(type: string): string {
  let named = UTF8_TYPES.get(type);
  if (named === undefined) {
    named = `${type.replace(/;\s*charset=("[^"]*"|[^;]*)/gi, '')}; charset=utf-8`;
    // They are those of descriptors, and of applications' own: a handful.
    if (UTF8_TYPES.size < 100) UTF8_TYPES.set(type, named);
  }
  return named;
}
