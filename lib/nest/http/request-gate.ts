import type { Server } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import {
  Inject,
  Injectable,
  type BeforeApplicationShutdown,
  type OnApplicationShutdown,
  type OnModuleDestroy,
  type OnModuleInit,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { VtsModuleOptions } from '../vts-module-options.interface.js';
import { RunAbortedError } from '../../serving/runner/errors.js';
import { RequestScope } from '../../serving/runtime/request-scope.js';
import { VTS_MODULE_OPTIONS } from '../vts.constants.js';
import { watchConnections } from './arrival-time.js';
import { EarlyRefusal } from './early-refusal.js';
import { DEFAULT_MAX_BODY_BYTES } from './endpoint.js';
import { DEFAULT_TIMEOUT_MS } from '../../serving/runner/runner-options.js';
import { ShuttingDownError } from './errors/index.js';
import { atMost, ClosingServer } from './closing-server.js';
import { HttpObserver } from '../observability/http-observer.js';
import type { HttpRequest, HttpResponse } from './http.js';
import { parseBodiesLate, readJsonEarly } from './json-bodies.js';
import { onResponseEnd } from './on-response-end.js';
import { RefusalPace } from './refusal-pace.js';
import { RequestRecord } from './request-record.js';
import { RouteTable } from './route-table.js';

type Next = (error?: unknown) => void;

export const DEFAULT_SHUTDOWN_TIMEOUT_MS = 30_000;

/**
 * Requests may have been on their way when the signal came, and load balancers take a moment to
 * notice.
 */
const LATECOMERS_MS = 2000;

/**
 * Sees every request first, and knows those that endpoints have in hand.
 *
 * When the application shuts down, it is not ready at once, but goes on taking what comes: for
 * `drainMs` in any case, then while it has requests in hand, for two seconds at most. Then it takes
 * no more connections; those that there are get an answer to what they have sent, and close with
 * it. When all are closed the runners close, and the process ends. What is not answered after
 * `shutdownTimeoutMs` is answered 503.
 */
@Injectable()
export class RequestGate
  implements OnModuleInit, OnModuleDestroy, BeforeApplicationShutdown, OnApplicationShutdown
{
  readonly #inHand = new Set<RequestScope>();
  /** By path. */
  readonly #early = new Map<string, EarlyRefusal>();
  readonly #pace = new RefusalPace();
  #refusing = false;
  /** Connections close with the response that is next on them. */
  #closing = false;
  #draining = false;
  /** When `drainMs` were over. */
  #endingSince: number | undefined;
  #empty: (() => void) | undefined;
  #server: ClosingServer | undefined;
  #deadline: NodeJS.Timeout | undefined;
  /** Requests of any route whose response is not out. */
  #requests = 0;

  constructor(
    @Inject(VTS_MODULE_OPTIONS) private readonly options: VtsModuleOptions,
    @Inject(HttpAdapterHost) private readonly host: HttpAdapterHost,
    @Inject(HttpObserver) private readonly observer: HttpObserver,
  ) {
    // The adapter is there before Nest adds its body parsers; in a test it comes later than this
    // constructor.
    host.init$.subscribe(() => this.#install());
  }

  /** The application is shutting down. */
  get draining(): boolean {
    return this.#draining;
  }

  /** Connections are to be closed with the response that is next on them. */
  get closing(): boolean {
    return this.#closing;
  }

  /**
   * Lets a request of an endpoint in; it counts until its response is out, or its client has left.
   *
   * @throws ShuttingDownError
   * @throws RunAbortedError where that was before its handler was found.
   */
  enter(request: HttpRequest, response: HttpResponse): RequestScope {
    if (this.#refusing) throw new ShuttingDownError();
    const record = RequestRecord.of(request) ?? this.#begin(request, response);
    if (record.ended) throw new RunAbortedError('The endpoint', 'the handler');
    // An interceptor may call the endpoint again.
    if (record.scope !== undefined) this.#inHand.delete(record.scope);
    const scope = new RequestScope(record.arrivedAt);
    scope.release = record.release;
    scope.traceContext = record.traceContext;
    record.scope = scope;
    this.#inHand.add(scope);
    return scope;
  }

  onModuleInit(): void {
    const server = this.host.httpAdapter?.getHttpServer() as Server | undefined;
    if (server?.on) watchConnections(server);
  }

  onModuleDestroy(): void {
    this.#draining = true;
  }

  async beforeApplicationShutdown(): Promise<void> {
    const server = this.host.httpAdapter?.getHttpServer() as Server | undefined;
    const { shutdownTimeoutMs = DEFAULT_SHUTDOWN_TIMEOUT_MS, drainMs = 0 } = this.options;
    if (drainMs > 0 && server?.listening) await delay(drainMs);
    this.#endingSince = performance.now();
    this.#deadline = setTimeout(() => {
      this.#refusing = true;
      for (const scope of this.#inHand) scope.end(new ShuttingDownError());
    }, shutdownTimeoutMs);
    await atMost(this.#whenEmpty(), Math.min(LATECOMERS_MS, shutdownTimeoutMs));
    if (server !== undefined) {
      this.#server = new ClosingServer(server);
      await this.#server.stopListening();
      this.#closing = true;
      this.#server.sweep(() => this.#mayCut(shutdownTimeoutMs));
    }
    await this.#whenEmpty();
    // Next, Nest waits until all connections are closed.
  }

  onApplicationShutdown(signal?: string): void {
    clearTimeout(this.#deadline);
    this.#server?.stop();
    if (signal !== undefined) exitCleanly(signal as NodeJS.Signals);
  }

  #mayCut(shutdownTimeoutMs: number): boolean {
    const ending = performance.now() - (this.#endingSince ?? performance.now());
    if (this.#requests === 0) return ending > LATECOMERS_MS;
    // The responses of requests that were given up need a moment to get out.
    return ending > shutdownTimeoutMs + LATECOMERS_MS;
  }

  async #whenEmpty(): Promise<void> {
    if (this.#inHand.size === 0) return;
    await new Promise<void>((resolve) => {
      const before = this.#empty;
      this.#empty = () => {
        before?.();
        resolve();
      };
    });
  }

  #install(): void {
    const { httpAdapter } = this.host;
    if (httpAdapter.getType() !== 'express') return;
    const { maxBodyBytes = DEFAULT_MAX_BODY_BYTES, timeoutMs = DEFAULT_TIMEOUT_MS } = this.options;
    parseBodiesLate(httpAdapter.getInstance<{ request: object }>().request);
    httpAdapter.use((request: HttpRequest, response: HttpResponse, next: Next) => {
      const record = this.#begin(request, response);
      if (this.#closing) response.setHeader('connection', 'close');
      if (this.#refused(record)) {
        this.#pace.run(() => {
          // Its client may have left meanwhile.
          if (!record.ended) this.#passOn(record, next);
        });
        return;
      }
      this.observer.enter(record, () => {
        const reading = readJsonEarly(request, httpAdapter, maxBodyBytes, timeoutMs);
        if (reading === undefined) next();
        else void reading.then(() => next());
      });
    });
  }

  /** Where Express is not there to catch. */
  #passOn(record: RequestRecord, next: Next): void {
    try {
      this.observer.enter(record, next);
    } catch (error) {
      next(error);
    }
  }

  /** True where the request is not worth being read. */
  #refused(record: RequestRecord): boolean {
    const { request, path } = record;
    if (this.options.earlyRefusal === false || request.method !== 'POST') return false;
    let early = this.#early.get(path);
    if (early === undefined) {
      if (!RouteTable.of(this.host.httpAdapter).isSoleEndpoint(path)) return false;
      this.#early.set(path, (early = new EarlyRefusal()));
    }
    record.refusal = early.refusal(record);
    if (record.refusal === undefined) return false;
    record.refusedRoute = path;
    // Without a type no parser touches the body.
    delete request.headers['content-type'];
    return true;
  }

  #begin(request: HttpRequest, response: HttpResponse): RequestRecord {
    const record = this.observer.begin(request, response);
    this.#requests++;
    onResponseEnd(request, response, () => {
      this.#requests--;
      record.ended = true;
      record.release?.();
      if (request.method === 'POST') this.#early.get(record.path)?.ended(record);
      const { scope } = record;
      if (scope !== undefined) {
        scope.onClose?.();
        this.#inHand.delete(scope);
        if (this.#inHand.size === 0) this.#empty?.();
      }
      this.observer.end(record);
    });
    return record;
  }
}

/**
 * Nest ends a process that was shut down in order by sending it the signal once more, which makes
 * its exit look like a failure. By then Nest listens no longer; who still does, is this function,
 * and it ends with code 0.
 */
function exitCleanly(signal: NodeJS.Signals): void {
  process.on(signal, () => {
    if (process.listenerCount(signal) === 1) process.exit(process.exitCode ?? 0);
  });
}
