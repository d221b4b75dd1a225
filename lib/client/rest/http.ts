/** A request as any HTTP client sends it. */
export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  readonly url: URL;
  readonly headers: Headers;
  readonly body?: Uint8Array<ArrayBuffer>;
  readonly signal: AbortSignal;
}

export interface HttpResponse {
  readonly status: number;
  /** '' where there is no such header. */
  header(name: string): string;
  /** Leaving the iteration ends the request. */
  readonly body: AsyncIterable<Uint8Array>;
}

/**
 * Sends a request without following redirects.
 *
 * @throws NotSentError where the server surely got nothing of it
 */
export interface HttpSender {
  send(request: HttpRequest): Promise<HttpResponse>;
  close(): void;
}

/** The server was not reached. */
export class NotSentError extends Error {}

/** Codes of Node that a connection is never made with. */
const NOT_CONNECTED = new Set([
  'ECONNREFUSED',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOENT',
  'ENOTFOUND',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** Whether what a client of Node threw says that there was no connection. */
export function isNotConnected(error: unknown): boolean {
  const { code, syscall, cause } = (error ?? {}) as Record<string, unknown>;
  if (typeof code === 'string' && NOT_CONNECTED.has(code)) return true;
  if (syscall === 'connect' || syscall === 'getaddrinfo') return true;
  // Of certificates: the handshake comes before the request.
  if (typeof code === 'string' && /CERT|^ERR_SSL|^ERR_TLS|SIGNATURE/.test(code)) return true;
  return cause !== undefined && isNotConnected(cause);
}
