import type { IncomingMessage, ServerResponse } from 'node:http';

/**
 * A request as the HTTP adapter's framework hands it on: Node's, with what body parsers and Express
 * add.
 */
export interface HttpRequest extends IncomingMessage {
  body?: unknown;
  /** With Nest's option `rawBody`. */
  rawBody?: unknown;
  /** The path as it came, where something has rewritten `url`. */
  readonly originalUrl?: string;
  /** The client's address; behind a proxy, by the application's `trust proxy`. */
  readonly ip?: string;
  readonly protocol?: string;
  /** The route that was found. */
  readonly route?: { readonly path: unknown };
}

export type HttpResponse = ServerResponse;
