import type { Server } from 'node:http';
import { NotFoundException } from '@nestjs/common';
import type { AbstractHttpAdapter } from '@nestjs/core';
import { markEndpoint, type Endpoint } from '../endpoint.js';
import {
  noteSteps,
  pathOf,
  type Arrival,
  type HttpPlatform,
  type HttpRequest,
  type HttpResponse,
  type Next,
  type RequestFacts,
  type RequestSteps,
} from '../platform.js';
import { RouteTable } from './route-table.js';
import { sendWithoutEtag } from './send-without-etag.js';

interface ExpressRequest extends HttpRequest {
  readonly originalUrl?: string;
  readonly ip?: string;
  readonly protocol?: string;
  readonly route?: { readonly path: unknown };
}

/** An application is a request listener. With `next`, it leaves the rest to its caller. */
type ExpressApplication = (request: object, response: object, next?: Next) => void;

/** A handler bound to all paths is middleware, not a route: `*`, `/*path`, `/{*path}`. */
const CATCH_ALL = /^\/?\{?\/?\*\w*\}?$/;

class ExpressFacts implements RequestFacts {
  constructor(private readonly request: ExpressRequest) {}

  get url(): string {
    return this.request.originalUrl ?? this.request.url ?? '';
  }

  get route(): string | undefined {
    const path = this.request.route?.path;
    return path === undefined || CATCH_ALL.test(String(path)) ? undefined : String(path);
  }

  get ip(): string | undefined {
    return this.request.ip;
  }

  get protocol(): string | undefined {
    return this.request.protocol;
  }
}

/** Express 5: its requests and responses are Node's. */
export class ExpressPlatform implements HttpPlatform {
  constructor(private readonly adapter: AbstractHttpAdapter) {}

  get server(): Server | undefined {
    return this.adapter.getHttpServer() as Server | undefined;
  }

  requestOf(given: object): HttpRequest {
    return given as HttpRequest;
  }

  responseOf(given: object): HttpResponse {
    return given as HttpResponse;
  }

  factsOf(given: object): RequestFacts {
    return new ExpressFacts(given as ExpressRequest);
  }

  /** Before Nest's body parsers, because it is called as soon as the adapter exists. */
  install(steps: RequestSteps): void {
    this.adapter.use((request: HttpRequest, response: HttpResponse, next: Next) => {
      noteSteps(request, steps);
      const endpoint = this.#routes.endpointAt(pathOf(request.url ?? ''), request.method);
      if (endpoint === undefined && !steps.every) return next();
      const arrival: Arrival = { request, response, endpoint, facts: this.factsOf(request) };
      steps.arrived(arrival, (error) => {
        const refused = steps.refusal(request) !== undefined;
        // No parser touches a body without a type.
        if (refused) delete request.headers['content-type'];
        if (error === undefined && !refused) steps.read(arrival, next);
        else next(error);
      });
    });
  }

  /** A refusal also needs the headers of the application's middleware, such as those of CORS. */
  installed(steps: RequestSteps): void {
    this.adapter.use((request: HttpRequest, response: HttpResponse, next: Next) => {
      const refusal = steps.refusal(request);
      if (refusal === undefined) next();
      else steps.answer(refusal, request, response);
    });
  }

  soleRoute({ endpoint, facts }: Arrival): string | undefined {
    const path = pathOf(facts.url);
    if (this.#routes.isSoleEndpoint(path)) return path;
    return endpoint?.protocol === undefined ? undefined : this.#routes.soleRouteAt(path);
  }

  methodsAt(path: string): readonly string[] {
    return this.#routes.methodsAt(path);
  }

  addEndpoint(
    path: string,
    endpoint: Endpoint,
    serve: (given: object, response: object) => void,
  ): void {
    const handler = (given: object, response: object): void => serve(given, response);
    markEndpoint(handler, endpoint);
    this.adapter.post(path, handler as never);
  }

  endpointRoutes(): readonly (readonly [string, Endpoint])[] {
    return this.#routes.endpoints;
  }

  hasHeader(given: object, name: string): boolean {
    return (given as HttpResponse).hasHeader(name);
  }

  setHeader(given: object, name: string, value: string): void {
    (given as HttpResponse).setHeader(name, value);
  }

  sendPlainly(response: HttpResponse): void {
    sendWithoutEtag(response);
  }

  /** Sent as {@link sendPlainly} does. */
  exactText(text: string): string {
    return text;
  }

  /**
   * With a global prefix, Nest leaves paths outside it to Express, which answers with an HTML page.
   * Only requests that no route or middleware has handled come here, however late it was added.
   */
  answerRest(answer: (error: unknown, request: object, response: object) => void): void {
    const { server } = this;
    const express = this.adapter.getInstance<ExpressApplication>();
    if (server?.listeners('request').includes(express) !== true) return;
    server.off('request', express);
    server.on('request', (request: ExpressRequest, response: HttpResponse) => {
      express(request, response, (error) => {
        const { method } = request;
        const { url } = this.factsOf(request);
        answer(error ?? new NotFoundException(`Cannot ${method} ${url}`), request, response);
      });
    });
  }

  get #routes(): RouteTable {
    return RouteTable.of(this.adapter);
  }
}
