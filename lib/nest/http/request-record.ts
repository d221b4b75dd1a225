import { arrivalTime } from './arrival-time.js';
import type { RequestScope } from '../../serving/runtime/request-scope.js';
import type { EndpointProtocol } from './endpoint.js';
import { pathOf, type Arrival, type HttpRequest, type HttpResponse } from './platform.js';

const RECORD = Symbol('vts.request');

/**
 * The body of a request that was read before the application's body parsers could, or why it could
 * not be.
 */
export type EarlyBody = { readonly bytes: Uint8Array } | { readonly error: Error };

/** Of a request that an endpoint serves. */
export interface RecordedScope extends RequestScope {
  /** The response is out, or the client has left. */
  closed(): void;
}

/** What is observed of one request, of any route: made before anything else sees it. */
export class RequestRecord {
  /** On the clock of `performance.now()`. */
  readonly arrivedAt: number;
  /** From X-Request-Id, or made; undefined where request ids are turned off. */
  id: string | undefined;
  /** Of the trace that the request belongs to; undefined where there is none. */
  traceId: string | undefined;
  /** The span that what the request calls goes below, as `traceparent` has it. */
  traceparent: string | undefined;
  /** The OpenTelemetry context in which the request is served, where its spans are recorded. */
  traceContext: unknown;
  /** Where an endpoint serves the request. */
  scope: RecordedScope | undefined;
  body: EarlyBody | undefined;
  /** What the module's filter has answered it with. */
  failure: unknown;
  /** Why it is not read; see `EarlyRefusal`. */
  refusal: Error | undefined;
  /** The route that it would have reached. */
  refusedRoute: string | undefined;
  /** Gives back the place that a runner keeps for it. */
  release: (() => void) | undefined;
  /** The response is out, or its client has left: nobody is told of anything any more. */
  ended = false;
  /** What the connection had carried before a body of unknown length; see {@link stream}. */
  #read = 0;
  #written: number | undefined;

  readonly request: HttpRequest;
  readonly response: HttpResponse;
  /** Of the endpoint that it came to, where that has one. */
  readonly answersBy: EndpointProtocol | undefined;
  readonly #facts: Arrival['facts'];

  constructor(
    { request, response, facts, endpoint }: Arrival,
    /** It is told of in metrics, traces and the access log. */
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
   * The pattern of the route that serves the request, such as `/models/:name`; undefined before it
   * was found, and where none was. A path, which any client makes up, it is not.
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

  /** The status that was sent; 499, as with nginx, where the client left before. */
  get status(): number {
    return this.response.writableFinished || this.response.headersSent
      ? this.response.statusCode
      : 499;
  }

  get durationMs(): number {
    return performance.now() - this.arrivedAt;
  }

  /** Of the body; of a body whose length was not announced, what came over the connection. */
  get requestBytes(): number {
    const { headers, socket } = this.request;
    const length = headers['content-length'];
    if (length !== undefined) return Number(length);
    return headers['transfer-encoding'] === undefined ? 0 : socket.bytesRead - this.#read;
  }

  /** Of the body; of a stream of events, what went over the connection. */
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
    // The framework looks into the header only where the application trusts who has written it.
    return request.headers['x-forwarded-for'] === undefined ? address : (this.#facts.ip ?? address);
  }
}
