import type { IncomingMessage, ServerResponse } from 'node:http';

/** A request as the HTTP adapter's framework hands it on: Node's, with what body parsers add. @internal */
export interface HttpRequest extends IncomingMessage {
  body?: unknown;
  /** With Nest's option `rawBody`. */
  rawBody?: unknown;
}

/** @internal */
export type HttpResponse = ServerResponse;
