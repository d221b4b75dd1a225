/** A request for any HTTP client. */
export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  /** The URL of the server, and the path after it. */
  readonly base: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array<ArrayBuffer>;
  readonly ends: CallEnds;
}

/** Tells whether and when a call ends early. */
export interface CallEnds {
  /** Whether it has. */
  readonly ended: boolean;
  /** Calls the listener when it does. There is one listener; undefined removes it. */
  onEnd(listener: (() => void) | undefined): void;
  /** The same as an AbortSignal, which is slower than the rest of a call. */
  readonly signal: AbortSignal;
}

export interface HttpResponse {
  readonly status: number;
  /** '' if the header is missing. */
  header(name: string): string;
  /** Leaving the iteration ends the request. */
  readonly body: AsyncIterable<Uint8Array>;
  /** The whole body, faster than by iterating; undefined if it has more than `most` bytes. */
  whole?(most: number): Promise<Uint8Array | undefined>;
}

/**
 * Sends a request without following redirects.
 *
 * @throws NotSentError if the server certainly got no part of it
 */
export interface HttpSender {
  send(request: HttpRequest): Promise<HttpResponse>;
  close(): void;
}

/** The server was not reached. */
export class NotSentError extends Error {}

/** Node's error codes of connections that were never made. */
const NOT_CONNECTED = new Set([
  'ECONNREFUSED',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOENT',
  'ENOTFOUND',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** Whether an exception of a Node client means that it made no connection. */
export function isNotConnected(error: unknown): boolean {
  const { code, syscall, cause } = (error ?? {}) as Record<string, unknown>;
  if (typeof code === 'string' && NOT_CONNECTED.has(code)) return true;
  if (syscall === 'connect' || syscall === 'getaddrinfo') return true;
  // Certificate errors: the handshake comes before the request.
  if (typeof code === 'string' && /CERT|^ERR_SSL|^ERR_TLS|SIGNATURE/.test(code)) return true;
  return cause !== undefined && isNotConnected(cause);
}
