import { Inject, Injectable, BadRequestException } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { RunAbortedError } from '../../serving/runner/errors.js';
import { DEFAULT_TIMEOUT_MS } from '../../serving/runner/runner-options.js';
import { Roster } from '../../serving/runtime/roster.js';
import { hostOptions } from '../host-options.js';
import { HttpObserver } from '../observability/http-observer.js';
import { VTS_MODULE_OPTIONS } from '../vts.constants.js';
import type { VtsModuleOptions } from '../vts-module-options.interface.js';
import { readEarly } from './early-body.js';
import { DEFAULT_MAX_BODY_BYTES, type Endpoint } from './endpoint.js';
import { EndpointCall } from './endpoint-call.js';
import { Endpoints } from './endpoints.js';
import { ErrorContract } from './error-contract.js';
import { ShuttingDownError } from './errors.js';
import { onResponseEnd } from './on-response-end.js';
import { Overload } from './overload.js';
import { PlatformHost } from './platform-host.js';
import {
  rawRequest,
  stepsOf,
  type Arrival,
  type HttpRequest,
  type Next,
  type RequestSteps,
} from './platform.js';
import { RequestRecord } from './request-record.js';

/** The interface of jobs for the rest of the module. Their code is loaded only if they are used. */
export interface ServedJobs {
  /** Why jobs cannot be accepted; undefined if they can. */
  readonly obstacle: string | undefined;
}

/**
 * Sees the requests of endpoints, or of all routes if the application asks for that, before
 * anything else, and tracks those in progress.
 */
@Injectable()
export class Requests implements RequestSteps {
  readonly every: boolean;
  readonly endpoints: Endpoints;
  readonly #calls = new Roster<EndpointCall>();
  readonly #overload: Overload | undefined;
  /** Requests in progress. */
  #count = 0;
  #refusing = false;
  #empty: (() => void) | undefined;
  /** Connections must be closed with their next response. */
  closing = false;
  /** The application's jobs, if they are turned on. */
  jobs: ServedJobs | undefined;

  constructor(
    @Inject(VTS_MODULE_OPTIONS) private readonly options: VtsModuleOptions,
    @Inject(HttpAdapterHost) host: HttpAdapterHost,
    @Inject(PlatformHost) private readonly platforms: PlatformHost,
    @Inject(HttpObserver) private readonly observer: HttpObserver,
    @Inject(ErrorContract) private readonly errors: ErrorContract,
  ) {
    this.endpoints = new Endpoints(options, this);
    const { shutdown, overload } = hostOptions(options);
    this.every = observer.every || errors.every || shutdown;
    if (overload !== undefined) this.#overload = new Overload(platforms, overload);
    // The adapter exists before Nest adds its body parsers. In a test it comes later than this
    // constructor; without HTTP, never.
    host.init$.subscribe(() => platforms.current?.install(this));
  }

  /** The instance of the module that got the request; undefined if none did. */
  static of(given: object): Requests | undefined {
    return stepsOf(rawRequest(given)) as Requests | undefined;
  }

  /** The number of requests in progress: of endpoints, or of all routes. */
  get count(): number {
    return this.#count;
  }

  /** Called when all of the application's own middleware is in place. */
  installed(): void {
    if (this.#overload === undefined) return;
    this.platforms.demand().installed(this);
    this.#overload.watch();
  }

  arrived(arrival: Arrival, next: Next): void {
    const record = this.#begin(arrival);
    const { request, response } = arrival;
    if (this.closing) response.setHeader('connection', 'close');
    // Node leaves these requests to the error contract if that covers all errors.
    if (this.errors.every && lacksHost(request)) {
      response.setHeader('connection', 'close');
      return next(new BadRequestException('The request has no Host header; send one.'));
    }
    if (this.#overload?.refuses(record, arrival) === true) {
      this.#overload.paced(() => {
        // Its client may have disconnected in the meantime.
        if (!record.ended) this.#passOn(record, next);
      });
    } else this.observer.enter(record, next);
  }

  refusal(request: HttpRequest): Error | undefined {
    return RequestRecord.of(request)?.refusal;
  }

  read(arrival: Arrival, done: () => void): void {
    const { maxBodyBytes = DEFAULT_MAX_BODY_BYTES, timeoutMs = DEFAULT_TIMEOUT_MS } = this.options;
    readEarly(arrival, maxBodyBytes, timeoutMs, done);
  }

  answer(error: unknown, request: object, response: object): void {
    this.errors.filter.answer(error, request, response);
  }

  /**
   * Admits a request of an endpoint. It counts until its response has been sent, or its client has
   * disconnected.
   *
   * @throws ShuttingDownError
   * @throws RunAbortedError if that happened before its handler was found.
   */
  enter(endpoint: Endpoint, given: object, givenResponse: object): EndpointCall {
    if (this.#refusing) throw new ShuttingDownError();
    const platform = this.platforms.demand();
    const request = platform.requestOf(given);
    const record =
      RequestRecord.of(request) ??
      this.#begin({
        request,
        response: platform.responseOf(givenResponse),
        facts: platform.factsOf(given),
        endpoint,
      });
    if (record.ended) throw new RunAbortedError('The endpoint', 'the handler');
    // An interceptor may call the endpoint again.
    if (record.scope !== undefined) this.#calls.delete(record.scope as EndpointCall);
    const call = new EndpointCall(endpoint, platform, given, givenResponse, record.arrivedAt);
    call.release = record.release;
    call.traceContext = record.traceContext;
    call.traceparent = record.traceparent;
    call.requestId = record.id;
    record.scope = call;
    this.#calls.add(call);
    return call;
  }

  /** Answers the requests in progress of endpoints, and all new ones, with 503. */
  refuse(): void {
    this.#refusing = true;
    for (const call of this.#calls) call.end(new ShuttingDownError());
  }

  /** Resolves when no endpoint has a request in progress. */
  async whenEmpty(): Promise<void> {
    if (this.#calls.size === 0) return;
    await new Promise<void>((resolve) => {
      const before = this.#empty;
      this.#empty = () => {
        before?.();
        resolve();
      };
    });
  }

  /** The framework does not catch errors here. */
  #passOn(record: RequestRecord, next: Next): void {
    try {
      this.observer.enter(record, next);
    } catch (error) {
      next(error);
    }
  }

  #begin(arrival: Arrival): RequestRecord {
    const record = this.observer.begin(arrival);
    this.#count++;
    onResponseEnd(arrival.request, arrival.response, () => {
      this.#count--;
      record.ended = true;
      record.release?.();
      this.#overload?.ended(record);
      const { scope } = record;
      if (scope !== undefined) {
        scope.closed();
        this.#calls.delete(scope as EndpointCall);
        if (this.#calls.size === 0) this.#empty?.();
      }
      this.observer.end(record);
    });
    return record;
  }
}

function lacksHost({ headers, httpVersion }: HttpRequest): boolean {
  return headers.host === undefined && httpVersion === '1.1';
}
