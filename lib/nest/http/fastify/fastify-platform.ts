import { METHODS, type Server } from 'node:http';
import type { AbstractHttpAdapter } from '@nestjs/core';
import { required } from '../../optional.js';
import { endpointHandlers, endpointOf, markEndpoint, type Endpoint } from '../endpoint.js';
import {
  noteSteps,
  type Arrival,
  type HttpPlatform,
  type HttpRequest,
  type HttpResponse,
  type RequestFacts,
  type RequestSteps,
} from '../platform.js';

/** The parts that are used here, because Fastify's types exist only if it is installed. */
interface FastifyRequest {
  readonly raw: HttpRequest;
  readonly originalUrl: string;
  readonly ip: string | undefined;
  readonly protocol: string | undefined;
  readonly routeOptions: { readonly url?: string; readonly config?: { vtsEndpoint?: Endpoint } };
  body: unknown;
}

interface FastifyReply {
  readonly raw: HttpResponse;
  header(name: string, value: string): unknown;
  hasHeader(name: string): boolean;
}

interface FastifyRoute {
  readonly method: string | readonly string[];
  readonly url: string;
  readonly handler: object;
  readonly config?: { readonly vtsEndpoint?: Endpoint };
}

type Done = (error?: unknown, payload?: unknown) => void;

interface FastifyInstance {
  readonly server: Server;
  addHook(name: 'onRoute', hook: (route: FastifyRoute) => void): unknown;
  addHook(
    name: 'onRequest' | 'preValidation',
    hook: (request: FastifyRequest, reply: FastifyReply, done: Done) => void,
  ): unknown;
  addHook(
    name: 'preParsing',
    hook: (request: FastifyRequest, reply: FastifyReply, payload: object, done: Done) => void,
  ): unknown;
}

/** The headers that tell Fastify to parse a body. */
const OF_BODY = ['content-type', 'content-length', 'transfer-encoding'] as const;

type HeadersOfBody = Partial<Record<(typeof OF_BODY)[number], string>>;

class FastifyFacts implements RequestFacts {
  readonly route: string | undefined;

  constructor(
    private readonly request: FastifyRequest,
    { url }: FastifyRequest['routeOptions'],
  ) {
    if (url !== undefined && !/^\/?\*$/.test(url)) this.route = url;
  }

  get url(): string {
    return this.request.originalUrl;
  }

  get ip(): string | undefined {
    return this.request.ip;
  }

  get protocol(): string | undefined {
    return this.request.protocol;
  }
}

/** Fastify 5, through its hooks. The route is known before the first hook. */
export class FastifyPlatform implements HttpPlatform {
  readonly #arrivals = new WeakMap<HttpRequest, Arrival>();
  readonly #hidden = new WeakMap<HttpRequest, HeadersOfBody>();
  readonly #routes: FastifyRoute[] = [];

  constructor(private readonly adapter: AbstractHttpAdapter) {}

  get server(): Server | undefined {
    return this.adapter.getHttpServer() as Server | undefined;
  }

  requestOf(given: object): HttpRequest {
    return (given as FastifyRequest).raw;
  }

  responseOf(given: object): HttpResponse {
    return (given as FastifyReply).raw;
  }

  factsOf(given: object): RequestFacts {
    const request = given as FastifyRequest;
    return new FastifyFacts(request, request.routeOptions);
  }

  install(steps: RequestSteps): void {
    const fastify = this.adapter.getInstance<FastifyInstance>();
    markRoutes();
    fastify.addHook('onRoute', (route) => void this.#routes.push(route));
    fastify.addHook('onRequest', (given, reply, done) => {
      const { raw: request } = given;
      noteSteps(request, steps);
      const { routeOptions } = given;
      const endpoint = routeOptions.config?.vtsEndpoint;
      if (endpoint === undefined && !steps.every) return done();
      // Each promise between the handler and the adapter adds its own listener to a stream.
      if (endpoint !== undefined) reply.raw.setMaxListeners(0);
      const facts = new FastifyFacts(given, routeOptions);
      const arrival: Arrival = { request, response: reply.raw, endpoint, facts };
      this.#arrivals.set(request, arrival);
      steps.arrived(arrival, done);
    });
    fastify.addHook('preParsing', (given, reply, payload, done) => {
      const arrival = this.#arrivals.get(given.raw);
      const refusal = arrival && steps.refusal(given.raw);
      if (refusal !== undefined) return steps.answer(refusal, given, reply);
      if (arrival?.endpoint === undefined) return done(null, payload);
      steps.read(arrival, () => {
        this.#hideBody(given.raw);
        done(null, payload);
      });
    });
    fastify.addHook('preValidation', (given, _reply, done) => {
      if (this.#arrivals.get(given.raw)?.endpoint !== undefined) {
        this.#showBody(given.raw);
        // Guards and handlers may read what a parser would have produced.
        if ('body' in given.raw) parsedLate(given);
      }
      done();
    });
  }

  installed(): void {}

  soleRoute({ endpoint, facts: { route } }: Arrival): string | undefined {
    if (endpoint === undefined || route === undefined) return undefined;
    if (endpoint.protocol === undefined && /[:*]/.test(route)) return undefined;
    const same = this.#routes.filter(({ url, method }) => url === route && has(method, 'POST'));
    return same.length === 1 ? route : undefined;
  }

  methodsAt(path: string): readonly string[] {
    const methods = this.#routes
      .filter(({ url }) => patternOf(url).test(path))
      .flatMap(({ method }) => method);
    return methods.length >= METHODS.length ? [] : [...new Set(methods)].sort();
  }

  addEndpoint(
    path: string,
    endpoint: Endpoint,
    serve: (given: object, response: object) => void,
  ): void {
    const handler = (given: object, response: object): void => serve(given, response);
    markEndpoint(handler, endpoint);
    markRoutes([handler]);
    this.adapter.post(path, handler as never);
  }

  endpointRoutes(): readonly (readonly [string, Endpoint])[] {
    return this.#routes.flatMap(({ url, method, config }) =>
      config?.vtsEndpoint && !config.vtsEndpoint.ofJobs && has(method, 'POST')
        ? [[url, config.vtsEndpoint] as const]
        : [],
    );
  }

  hasHeader(given: object, name: string): boolean {
    const reply = given as FastifyReply;
    return reply.hasHeader(name) || reply.raw.hasHeader(name);
  }

  setHeader(given: object, name: string, value: string): void {
    (given as FastifyReply).header(name, value);
  }

  sendPlainly(): void {}

  /** Fastify adds a charset to JSON that is a string. */
  exactText(text: string): Uint8Array {
    return Buffer.from(text);
  }

  /** Nest's own not-found handler has no prefix there. */
  answerRest(): void {}

  /**
   * Fastify would parse the body with its own parser, or refuse it if it has none. It has no
   * parsers for single routes, and parses nothing if the request lacks the headers of a body.
   */
  #hideBody(request: HttpRequest): void {
    const { headers } = request;
    const hidden: HeadersOfBody = {};
    for (const name of OF_BODY) {
      if (headers[name] === undefined) continue;
      hidden[name] = headers[name];
      // Deleting it would make the object slow.
      headers[name] = undefined;
    }
    this.#hidden.set(request, hidden);
  }

  #showBody(request: HttpRequest): void {
    const hidden = this.#hidden.get(request);
    if (hidden === undefined) return;
    this.#hidden.delete(request);
    Object.assign(request.headers, hidden);
  }
}

/** Marks the routes of endpoints in their `config`, next to the application's own entries. */
function markRoutes(handlers = endpointHandlers()): void {
  const { RouteConfig } = required('@nestjs/platform-fastify', 'VtsModule on Fastify');
  const decorate = (handler: object, config: object): void => {
    RouteConfig(config)({}, '', { value: handler });
  };
  const probe = {};
  decorate(probe, {});
  const [key] = Reflect.getMetadataKeys(probe) as unknown[];
  for (const handler of handlers) {
    const given = Reflect.getMetadata(key, handler) as object | undefined;
    decorate(handler, { ...given, vtsEndpoint: endpointOf(handler) });
  }
}

function parsedLate(given: FastifyRequest): void {
  const { raw } = given;
  Object.defineProperty(given, 'body', {
    configurable: true,
    enumerable: true,
    get: () => raw.body,
    set(value: unknown) {
      Object.defineProperty(given, 'body', { value, writable: true, configurable: true });
    },
  });
}

function has(method: FastifyRoute['method'], wanted: string): boolean {
  return typeof method === 'string' ? method === wanted : method.includes(wanted);
}

/** The paths of a route: `/models/:name`, `/files/*`. */
function patternOf(url: string): RegExp {
  const source = url
    .replace(/[.+?^${}()|[\]\\]/g, '\\$&')
    .replace(/:[^/]+/g, '[^/]+')
    .replace(/\*/g, '.*');
  return new RegExp(`^${source}/?$`);
}
