import { AsyncLocalStorage } from 'node:async_hooks';
import type { Admission } from './admission.js';

type EndListener = (reason: Error) => void;

/**
 * The HTTP request for which the code runs. If it ends early, because its deadline has passed or
 * its client has disconnected, its runs are abandoned.
 */
export class RequestScope {
  /** The context of the request's span, for OpenTelemetry; undefined if no span is recorded. */
  traceContext: unknown;
  /** Its deadline, on the clock of `performance.now()`; undefined without a limit. */
  deadlineAt: number | undefined;
  /** The time limit for calls without their own, if it replaces the runner's; 0 for none. */
  callTimeoutMs: number | undefined;
  /** Its id, and the `traceparent` for its calls; undefined if it has none. */
  requestId: string | undefined;
  traceparent: string | undefined;
  /** Releases the place that was reserved for the first call. */
  release: (() => void) | undefined;
  #admission: Admission | undefined;
  #failure: unknown;
  /** Most requests make one call at a time. */
  #listener: EndListener | undefined;
  #others: Set<EndListener> | undefined;
  #pins: Map<object, object> | undefined;
  #pinOwner: object | undefined;
  #pin: object | undefined;
  #reason: Error | undefined;

  constructor(
    /** When the request arrived, on the clock of `performance.now()`. */
    readonly arrivedAt = performance.now(),
  ) {}

  /** Receives the finished share of the work, 0 to 1; undefined if nobody shows it. */
  progress?(fraction: number): void;

  /** The admission of the first runner call; undefined before that call. */
  get admission(): Admission | undefined {
    return this.#admission;
  }

  get failure(): unknown {
    return this.#failure;
  }

  /** A runner is called: it now uses the place that was reserved for it. */
  calls(admission: Admission): void {
    this.#admission ??= admission;
    this.release?.();
    this.release = undefined;
  }

  failed(admission: Admission, error: unknown): void {
    if (admission === this.#admission) this.#failure ??= error;
  }

  /** The value that the request keeps for an owner until its end; undefined if it keeps none. */
  pinOf(owner: object): object | undefined {
    return owner === this.#pinOwner ? this.#pin : this.#pins?.get(owner);
  }

  pin(owner: object, value: object): void {
    if (this.#pinOwner === undefined || this.#pinOwner === owner) {
      this.#pinOwner = owner;
      this.#pin = value;
    } else (this.#pins ??= new Map()).set(owner, value);
  }

  /** Why the request ended early; undefined while it continues. */
  get reason(): Error | undefined {
    return this.#reason;
  }

  end(reason: Error): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    this.#listener?.(reason);
    for (const listener of this.#others ?? []) listener(reason);
    this.#listener = this.#others = undefined;
  }

  /** Calls the listener when the request ends early, unless it was removed. */
  onEnd(listener: EndListener): void {
    if (this.#listener === undefined) this.#listener = listener;
    else (this.#others ??= new Set()).add(listener);
  }

  offEnd(listener: EndListener): void {
    if (this.#listener === listener) this.#listener = undefined;
    else this.#others?.delete(listener);
  }
}

/** The scope of the current request, also after an `await`. */
export const requestScope = new AsyncLocalStorage<RequestScope>();
