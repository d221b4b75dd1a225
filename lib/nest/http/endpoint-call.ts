import { RunAbortedError } from '../../serving/runner/errors.js';
import { deadline, type Deadline } from '../../serving/runtime/deadlines.js';
import { LONGEST_TIMEOUT_MS } from '../../serving/options.js';
import { RequestScope } from '../../serving/runtime/request-scope.js';
import type { Listed } from '../../serving/runtime/roster.js';
import type { Endpoint } from './endpoint.js';
import { RequestTimeoutError, SlowBodyError } from './errors.js';
import type { HttpPlatform, HttpRequest, HttpResponse } from './platform.js';
import type { RecordedScope } from './request-record.js';

/** One request of an endpoint, from its body to its response. */
export class EndpointCall extends RequestScope implements RecordedScope, Listed {
  /** Its handler has been called. */
  handled = false;
  place = -1;
  readonly request: HttpRequest;
  readonly response: HttpResponse;
  #limit: Deadline | undefined;
  #own: NodeJS.Timeout | undefined;
  #reject: ((error: unknown) => void) | undefined;

  constructor(
    readonly endpoint: Endpoint,
    readonly platform: HttpPlatform,
    /** The framework's objects for the request and its response. */
    readonly given: object,
    readonly givenResponse: object,
    arrivedAt: number,
  ) {
    super(arrivedAt);
    this.request = platform.requestOf(given);
    this.response = platform.responseOf(givenResponse);
  }

  /**
   * Ends the call after this time, 0 for never. Reading a JSON body has already taken some of it.
   */
  limit(timeoutMs: number): void {
    if (timeoutMs <= 0) return;
    this.deadlineAt = this.arrivedAt + timeoutMs;
    const giveUp = (): void => {
      const { complete } = this.request;
      this.end(complete ? new RequestTimeoutError(timeoutMs) : new SlowBodyError(timeoutMs));
    };
    this.#limit = deadline(timeoutMs, giveUp, this.arrivedAt);
  }

  /**
   * Ends the call after the time that its own request allows, if that is shorter. Requests can
   * choose any number, so sharing a timer makes no sense.
   */
  limitOwn(timeoutMs: number): void {
    const at = this.arrivedAt + timeoutMs;
    this.deadlineAt = Math.min(at, this.deadlineAt ?? Infinity);
    const left = at - performance.now();
    const giveUp = (): void => this.end(new RequestTimeoutError(timeoutMs));
    if (left <= 0) return giveUp();
    if (left <= LONGEST_TIMEOUT_MS) this.#own = setTimeout(giveUp, left);
  }

  /**
   * For a stream, the limit applies until the last event has been sent; otherwise, until there is
   * an answer.
   */
  stopLimit(): void {
    this.#limit?.cancel();
    this.#limit = undefined;
    clearTimeout(this.#own);
    this.deadlineAt = undefined;
  }

  /** The response has been sent, or the client has disconnected. */
  closed(): void {
    this.stopLimit();
    if (this.response.writableFinished) return;
    this.end(new RunAbortedError('The endpoint', 'the handler'));
  }

  override end(reason: Error): void {
    super.end(reason);
    this.#reject?.(reason);
  }

  /** A promise of the result of `work`, which rejects if the call ends first. */
  until<T>(
    work: (resolve: (value: T) => void, reject: (error: unknown) => void) => void,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      const fail = (error: unknown): void => reject(this.failedWith(error) as Error);
      this.#reject = fail;
      if (this.reason !== undefined) return fail(this.reason);
      try {
        work(resolve, fail);
      } catch (error) {
        fail(error);
      }
    });
  }

  /** Ends the time limit, so that the answer has none; returns the error. */
  failedWith(error: unknown): unknown {
    this.stopLimit();
    const { request, response } = this;
    // A client that takes this long to send a body may never finish.
    const late = error === this.reason || error instanceof SlowBodyError;
    if (late && !request.complete && !response.headersSent) {
      response.setHeader('connection', 'close');
    }
    return error;
  }
}
