import type { Server } from 'node:http';
import {
  Inject,
  Injectable,
  type BeforeApplicationShutdown,
  type OnApplicationShutdown,
  type OnModuleDestroy,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { VtsModuleOptions } from '../interfaces/vts-module-options.interface.js';
import type { RequestScope } from '../runtime/request-scope.js';
import { VTS_MODULE_OPTIONS } from '../vts.constants.js';
import { DEFAULT_MAX_BODY_BYTES } from './endpoint.js';
import { DEFAULT_TIMEOUT_MS } from '../runner/runner-options.js';
import { ShuttingDownError } from './errors/index.js';
import type { HttpRequest, HttpResponse } from './http.js';
import { readJsonEarly } from './json-bodies.js';

/** @internal */
export const DEFAULT_SHUTDOWN_TIMEOUT_MS = 30_000;

const IDLE_CONNECTIONS_MS = 50;
/** Requests may have been on their way when the signal came, and load balancers take a moment to notice. */
const LATECOMERS_MS = 2000;

/**
 * Counts the requests that endpoints have in hand. When the application shuts down they are answered first, together
 * with those that arrive meanwhile in the first two seconds; then the runners close, then the process ends.
 *
 * @internal
 */
@Injectable()
export class RequestGate
  implements OnModuleDestroy, BeforeApplicationShutdown, OnApplicationShutdown
{
  readonly #inHand = new Set<RequestScope>();
  #refusing = false;
  #drainingSince: number | undefined;
  #empty: (() => void) | undefined;
  #sweep: NodeJS.Timeout | undefined;
  /** Requests of any route whose response is not out. */
  #requests = 0;

  constructor(
    @Inject(VTS_MODULE_OPTIONS) private readonly options: VtsModuleOptions,
    @Inject(HttpAdapterHost) private readonly host: HttpAdapterHost,
  ) {
    // The adapter is there before Nest adds its body parsers; in a test it comes later than this constructor.
    host.init$.subscribe(() => this.#install());
  }

  get draining(): boolean {
    return this.#drainingSince !== undefined;
  }

  /**
   * Lets a request in; it counts until its response is out, or its client has left.
   *
   * @throws ShuttingDownError
   */
  enter(response: HttpResponse, scope: RequestScope): void {
    const draining = performance.now() - (this.#drainingSince ?? Infinity);
    if (this.#refusing || draining > LATECOMERS_MS) throw new ShuttingDownError();
    this.#inHand.add(scope);
    response.once('close', () => {
      this.#inHand.delete(scope);
      if (this.#inHand.size === 0) this.#empty?.();
    });
  }

  onModuleDestroy(): void {
    this.#drainingSince ??= performance.now();
  }

  async beforeApplicationShutdown(): Promise<void> {
    // Nest closes the server next, and waits for connections that clients keep alive for nothing.
    const { shutdownTimeoutMs = DEFAULT_SHUTDOWN_TIMEOUT_MS } = this.options;
    this.#sweep = setInterval(() => this.#closeConnections(shutdownTimeoutMs), IDLE_CONNECTIONS_MS);
    this.#sweep.unref();
    if (this.#inHand.size === 0) return;
    const timer = setTimeout(() => {
      this.#refusing = true;
      for (const scope of this.#inHand) scope.end(new ShuttingDownError());
    }, shutdownTimeoutMs);
    await new Promise<void>((resolve) => (this.#empty = resolve));
    clearTimeout(timer);
  }

  onApplicationShutdown(signal?: string): void {
    clearInterval(this.#sweep);
    if (signal !== undefined) exitCleanly(signal as NodeJS.Signals);
  }

  /**
   * Connections on which a request is still to come, or never will (load balancers and browsers open them ahead),
   * count as busy for Node: they go when nothing is in hand any more, or the time is over.
   */
  #closeConnections(shutdownTimeoutMs: number): void {
    this.#server?.closeIdleConnections?.();
    const draining = performance.now() - (this.#drainingSince ?? performance.now());
    const done = this.#requests === 0 && draining > LATECOMERS_MS;
    // The responses of requests that were given up need a moment to get out.
    if (done || draining > shutdownTimeoutMs + LATECOMERS_MS) this.#server?.closeAllConnections?.();
  }

  #install(): void {
    const { httpAdapter } = this.host;
    if (httpAdapter.getType() !== 'express') return;
    const { maxBodyBytes = DEFAULT_MAX_BODY_BYTES, timeoutMs = DEFAULT_TIMEOUT_MS } = this.options;
    httpAdapter.use((request: HttpRequest, response: HttpResponse, next: () => void) => {
      this.#requests++;
      response.once('close', () => this.#requests--);
      if (this.draining) response.setHeader('connection', 'close');
      const reading = readJsonEarly(request, maxBodyBytes, timeoutMs);
      if (reading === undefined) next();
      else void reading.then(next);
    });
  }

  get #server(): Server | undefined {
    return this.host.httpAdapter?.getHttpServer() as Server | undefined;
  }
}

/**
 * Nest ends a process that was shut down in order by sending it the signal once more, which makes its exit look
 * like a failure. By then Nest listens no longer; who still does, is this function, and it ends with code 0.
 */
function exitCleanly(signal: NodeJS.Signals): void {
  process.on(signal, () => {
    if (process.listenerCount(signal) === 1) process.exit(process.exitCode ?? 0);
  });
}
