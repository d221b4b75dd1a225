import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Endpoint } from './endpoint.js';

/** Node's request, which every framework hands on, and what body parsers may have added. */
export interface HttpRequest extends IncomingMessage {
  body?: unknown;
  /** With Nest's option `rawBody`. */
  rawBody?: unknown;
}

export type HttpResponse = ServerResponse;

export type Next = (error?: unknown) => void;

/** What the framework knows of a request beside Node. Read late: a route is found after a while. */
export interface RequestFacts {
  /** Path and query as they came, where something has rewritten `url`. */
  readonly url: string;
  /** The pattern of the route; undefined before it was found, and where none was. */
  readonly route: string | undefined;
  /** The client's address; behind a proxy, by the framework's `trust proxy`. */
  readonly ip: string | undefined;
  readonly protocol: string | undefined;
}

/** A request that has just come. */
export interface Arrival {
  readonly request: HttpRequest;
  readonly response: HttpResponse;
  readonly facts: RequestFacts;
  /** The endpoint of this module at its path; undefined for all else. */
  readonly endpoint: Endpoint | undefined;
}

/** What is done with a request on its way to its route. */
export interface RequestSteps {
  /** Whether requests that are for no endpoint are wanted as well. */
  readonly every: boolean;
  /** A request has come. */
  arrived(arrival: Arrival, next: Next): void;
  /** Why it is not to be read; undefined where it is. */
  refusal(request: HttpRequest): Error | undefined;
  /** Reads a body ahead of the application's parsers, unless they may have it. */
  read(arrival: Arrival, done: () => void): void;
  /** Answers what {@link refusal} told, with what the framework gives for request and response. */
  answer(error: unknown, request: object, response: object): void;
}

/** Beside the requests, not on them: they are the host's. */
const stepsByRequest = new WeakMap<object, RequestSteps>();

/** Notes which module takes the steps for a request: a process may have several. */
export function noteSteps(request: object, steps: RequestSteps): void {
  stepsByRequest.set(request, steps);
}

export function stepsOf(request: object): RequestSteps | undefined {
  return stepsByRequest.get(request);
}

/**
 * What this module needs of an application's HTTP framework. Requests and responses are Node's own
 * here; where the framework has objects of its own in their place (`given`), it takes them apart.
 */
export interface HttpPlatform {
  readonly server: Server | undefined;
  requestOf(given: object): HttpRequest;
  responseOf(given: object): HttpResponse;
  factsOf(given: object): RequestFacts;
  /** Takes the steps for each request that comes, before its body is parsed. */
  install(steps: RequestSteps): void;
  /** Called when all of the application's own middleware is in place. */
  installed(steps: RequestSteps): void;
  /** The path of an endpoint that all `POST`s to it reach; undefined with parameters and versions. */
  solePath(arrival: Arrival): string | undefined;
  /** Methods of the routes at a path; none where there is no route, or one that takes them all. */
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
  /** Has a text sent as it is: without an `ETag`, which no answer to a `POST` needs. */
  sendPlainly(response: HttpResponse): void;
  /** What is replied for a text whose content type is to go out as it is, without a charset. */
  exactText(text: string): string | Uint8Array;
  /** Has `answer` called for what no route or middleware has taken, where Nest is not asked. */
  answerRest(answer: (error: unknown, request: object, response: object) => void): void;
}

/** The path without its query, which may hold secrets. */
export function pathOf(url: string): string {
  const query = url.indexOf('?');
  return query < 0 ? url : url.slice(0, query);
}

/** Node's request of what a handler was given: Fastify's has it inside. */
export function rawRequest(given: object): HttpRequest {
  return (given as { raw?: HttpRequest }).raw ?? (given as HttpRequest);
}
