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

/** An application is a listener of requests; with a `next` it leaves the rest to its caller. */
type ExpressApplication = (request: object, response: object, next?: Next) => void;

/** What is bound to all paths is a middleware, not a route: `*`, `/*path`, `/{*path}`. */
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

  /** Ahead of Nest's body parsers, as it is called when the adapter is there. */
  install(steps: RequestSteps): void {
    this.adapter.use((request: HttpRequest, response: HttpResponse, next: Next) => {
      noteSteps(request, steps);
      const endpoint =
        request.method === 'POST' ? this.#routes.endpointAt(pathOf(request.url ?? '')) : undefined;
      if (endpoint === undefined && !steps.every) return next();
      const arrival: Arrival = { request, response, endpoint, facts: this.factsOf(request) };
      steps.arrived(arrival, (error) => {
        const refused = steps.refusal(request) !== undefined;
        // Without a type no parser touches the body.
        if (refused) delete request.headers['content-type'];
        if (error === undefined && !refused) steps.read(arrival, next);
        else next(error);
      });
    });
  }

  /** The headers of the application's middleware, such as those of CORS, belong to a refusal too. */
  installed(steps: RequestSteps): void {
    this.adapter.use((request: HttpRequest, response: HttpResponse, next: Next) => {
      const refusal = steps.refusal(request);
      if (refusal === undefined) next();
      else steps.answer(refusal, request, response);
    });
  }

  solePath({ facts }: Arrival): string | undefined {
    const path = pathOf(facts.url);
    return this.#routes.isSoleEndpoint(path) ? path : undefined;
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

  /** As {@link sendPlainly} sends it. */
  exactText(text: string): string {
    return text;
  }

  /**
   * With a global prefix Nest leaves what is outside of it to Express, whose answer is a page of
   * HTML. Only what no route or middleware has taken comes here, however late it was added.
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
