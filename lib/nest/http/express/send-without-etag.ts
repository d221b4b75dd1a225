import type { HttpResponse } from '../platform.js';

interface ExpressResponse extends HttpResponse {
  send(body: unknown): unknown;
}

/** Statuses of responses that have no body. */
const BODILESS = new Set([204, 205, 304]);

/**
 * Makes a response send its text unchanged, with its content type. Express would hash the text for
 * an `ETag`, which is useless in the answer to a `POST` or in an error, and write head and body
 * separately.
 */
export function sendWithoutEtag(response: HttpResponse): void {
  const express = response as ExpressResponse;
  // The application has wrapped it to see the response.
  if (typeof express.send !== 'function' || Object.hasOwn(express, 'send')) return;
  const { send } = express;
  express.send = function (body) {
    if (typeof body !== 'string' || BODILESS.has(response.statusCode)) return send.call(this, body);
    response.setHeader('content-length', Buffer.byteLength(body));
    return response.end(body, 'utf8');
  };
}
