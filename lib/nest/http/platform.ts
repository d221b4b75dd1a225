import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Endpoint } from './endpoint.js';

/** Node's request, which every framework passes on, and what body parsers may have added. */
export interface HttpRequest extends IncomingMessage {
  body?: unknown;
  /** With Nest's option `rawBody`. */
  rawBody?: unknown;
}

export type HttpResponse = ServerResponse;

export type Next = (error?: unknown) => void;

/** The framework's facts about a request. They are read late, because the route is found late. */
export interface RequestFacts {
  /** The original path and query, if something has rewritten `url`. */
  readonly url: string;
  /** The pattern of the route; undefined until it is found, and if there is none. */
  readonly route: string | undefined;
  /** The client's address; behind a proxy, by the framework's `trust proxy`. */
  readonly ip: string | undefined;
  readonly protocol: string | undefined;
}

/** A request that has just arrived. */
export interface Arrival {
  readonly request: HttpRequest;
  readonly response: HttpResponse;
  readonly facts: RequestFacts;
  /** The endpoint of this module at its path; undefined for other paths. */
  readonly endpoint: Endpoint | undefined;
}

/** The steps for a request on its way to its route. */
export interface RequestSteps {
  /** Whether requests for other routes are wanted as well. */
  readonly every: boolean;
  /** A request has arrived. */
  arrived(arrival: Arrival, next: Next): void;
  /** Why it should not be read; undefined if it should. */
  refusal(request: HttpRequest): Error | undefined;
  /** Reads a body before the application's parsers, unless they may read it. */
  read(arrival: Arrival, done: () => void): void;
  /** Sends the answer of {@link refusal}, with the framework's request and response. */
  answer(error: unknown, request: object, response: object): void;
}

/** Kept outside the request objects, which belong to the host. */
const stepsByRequest = new WeakMap<object, RequestSteps>();

/** Records which module handles a request: a process may have several. */
export function noteSteps(request: object, steps: RequestSteps): void {
  stepsByRequest.set(request, steps);
}

export function stepsOf(request: object): RequestSteps | undefined {
  return stepsByRequest.get(request);
}

/**
 * The interface of this module to an application's HTTP framework. Requests and responses are
 * Node's own here. If the framework has its own objects (`given`), the implementation unwraps them.
 */
export interface HttpPlatform {
  readonly server: Server | undefined;
  requestOf(given: object): HttpRequest;
  responseOf(given: object): HttpResponse;
  factsOf(given: object): RequestFacts;
  /** Runs the steps for each request before its body is parsed. */
  install(steps: RequestSteps): void;
  /** Called when all of the application's own middleware has been added. */
  installed(steps: RequestSteps): void;
  /**
   * The route of an endpoint, if all `POST`s to this path reach the endpoint; undefined with
   * versions. With parameters only for endpoints of a protocol.
   */
  soleRoute(arrival: Arrival): string | undefined;
  /** The methods of the routes at a path; empty if it has no route, or one for all methods. */
  methodsAt(path: string): readonly string[];
  /** Routes `POST`s at a path to an endpoint without a controller. */
  addEndpoint(
    path: string,
    endpoint: Endpoint,
    serve: (given: object, response: object) => void,
  ): void;
  /** The endpoints by the paths of their routes, with prefixes and versions. */
  endpointRoutes(): readonly (readonly [path: string, endpoint: Endpoint])[];
  hasHeader(given: object, name: string): boolean;
  setHeader(given: object, name: string, value: string): void;
  /**
   * Makes the framework send a text unchanged, without an `ETag`, which no answer to a `POST`
   * needs.
   */
  sendPlainly(response: HttpResponse): void;
  /** The reply for a text whose content type must stay unchanged, without a charset. */
  exactText(text: string): string | Uint8Array;
  /**
   * Calls `answer` for requests that no route or middleware has handled, if Nest does not see them.
   */
  answerRest(answer: (error: unknown, request: object, response: object) => void): void;
}

/** The path without its query, which may hold secrets. */
export function pathOf(url: string): string {
  const query = url.indexOf('?');
  return query < 0 ? url : url.slice(0, query);
}

/** Node's request for the object that a handler got: Fastify wraps it. */
export function rawRequest(given: object): HttpRequest {
  return (given as { raw?: HttpRequest }).raw ?? (given as HttpRequest);
}
