import { arrivalTime } from './arrival-time.js';
import type { RequestScope } from '../../serving/runtime/request-scope.js';
import type { Listed } from '../../serving/runtime/roster.js';
import type { EndpointProtocol } from './endpoint.js';
import { pathOf, type Arrival, type HttpRequest, type HttpResponse } from './platform.js';

const RECORD = Symbol('vts.request');

/**
 * The body of a request that was read before the application's body parsers, or why that failed.
 */
export type EarlyBody = { readonly bytes: Uint8Array } | { readonly error: Error };

/** The state of a request that an endpoint serves. */
export interface RecordedScope extends RequestScope {
  /** The response has been sent, or the client has disconnected. */
  closed(): void;
}

/**
 * The observed facts about one request of any route. It is created before anything else sees the
 * request.
 */
export class RequestRecord implements Listed {
  /** On the clock of `performance.now()`. */
  readonly arrivedAt: number;
  /** From X-Request-Id, or generated; undefined if request ids are turned off. */
  id: string | undefined;
  /** The trace that the request belongs to; undefined if there is none. */
  traceId: string | undefined;
  /** The parent span of everything that the request calls, in the format of `traceparent`. */
  traceparent: string | undefined;
  /** The OpenTelemetry context of the request, if spans are recorded. */
  traceContext: unknown;
  /** Set if an endpoint serves the request. */
  scope: RecordedScope | undefined;
  body: EarlyBody | undefined;
  /** The error that the module's filter has answered. */
  failure: unknown;
  /** Why it was not read; see `EarlyRefusal`. */
  refusal: Error | undefined;
  /** The route that it would have reached. */
  refusedRoute: string | undefined;
  /** Releases the place that a runner reserved for it. */
  release: (() => void) | undefined;
  /** The response has been sent, or its client has disconnected. Nothing more is reported. */
  ended = false;
  /** Its index among the requests that metrics count; -1 if they do not. */
  place = -1;
  /**
   * The bytes that the connection had carried before a body of unknown length; see {@link stream}.
   */
  #read = 0;
  #written: number | undefined;

  readonly request: HttpRequest;
  readonly response: HttpResponse;
  /** The protocol of the endpoint that it reached, if any. */
  readonly answersBy: EndpointProtocol | undefined;
  readonly #facts: Arrival['facts'];

  constructor(
    { request, response, facts, endpoint }: Arrival,
    /** Whether metrics, traces and the access log include it. */
    readonly observed: boolean,
  ) {
    this.request = request;
    this.response = response;
    this.#facts = facts;
    this.answersBy = endpoint?.protocol;
    this.arrivedAt = arrivalTime(request);
    if (request.headers['transfer-encoding'] !== undefined) this.#read = request.socket.bytesRead;
    (request as { [RECORD]?: RequestRecord })[RECORD] = this;
  }

  static of(request: object): RequestRecord | undefined {
    return (request as { [RECORD]?: RequestRecord })[RECORD];
  }

  /**
   * The pattern of the route that serves the request, such as `/models/:name`; undefined until it
   * is found, and if there is none. It is never a path, because clients can make up paths.
   */
  get route(): string | undefined {
    return this.refusedRoute ?? this.#facts.route;
  }

  /** The response is about to be sent in parts. */
  stream(): void {
    this.#written = this.request.socket.bytesWritten;
  }

  /** The path as it was sent, without the query, which may hold secrets. */
  get path(): string {
    return pathOf(this.#facts.url);
  }

  get protocol(): string {
    return this.#facts.protocol ?? 'http';
  }

  /** The status that was sent; 499, as in nginx, if the client disconnected first. */
  get status(): number {
    return this.response.writableFinished || this.response.headersSent
      ? this.response.statusCode
      : 499;
  }

  get durationMs(): number {
    return performance.now() - this.arrivedAt;
  }

  /**
   * The bytes of the body; if its length was not announced, the bytes that arrived over the
   * connection.
   */
  get requestBytes(): number {
    const { headers, socket } = this.request;
    const length = headers['content-length'];
    if (length !== undefined) return Number(length);
    return headers['transfer-encoding'] === undefined ? 0 : socket.bytesRead - this.#read;
  }

  /** The bytes of the body; for an event stream, the bytes sent over the connection. */
  get responseBytes(): number {
    const { response } = this;
    if (this.request.method === 'HEAD' || !response.headersSent) return 0;
    const length = response.getHeader('content-length');
    if (length !== undefined) return Number(length);
    return this.#written === undefined ? 0 : this.request.socket.bytesWritten - this.#written;
  }

  get remoteAddress(): string | undefined {
    const { request } = this;
    const address = request.socket.remoteAddress;
    // The framework reads the header only if the application trusts its sender.
    return request.headers['x-forwarded-for'] === undefined ? address : (this.#facts.ip ?? address);
  }
}
