import { AsyncLocalStorage } from 'node:async_hooks';
import type { Admission } from './admission.js';

type EndListener = (reason: Error) => void;

/**
 * The HTTP request that the code runs for. When it ends early, because its deadline has passed or
 * its client has disconnected, the runs that it started are abandoned.
 */
export class RequestScope {
  /** The context of the request's span, for OpenTelemetry; undefined where none is recorded. */
  traceContext: unknown;
  /** Its deadline, on the clock of `performance.now()`; undefined without a limit. */
  deadlineAt: number | undefined;
  /**
   * The time limit of its calls that have none of their own, where that is not the runner's; 0 for
   * none.
   */
  callTimeoutMs: number | undefined;
  /** Its id, and the `traceparent` that what it calls goes on with; undefined where it has none. */
  requestId: string | undefined;
  traceparent: string | undefined;
  /** Gives back the place that was kept for the first call. */
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
    /** When the request came, on the clock of `performance.now()`. */
    readonly arrivedAt = performance.now(),
  ) {}

  /** Takes the share of the work that is done, 0 to 1; undefined where nobody shows it. */
  progress?(fraction: number): void;

  /** Of the first call of a runner; undefined before there was one. */
  get admission(): Admission | undefined {
    return this.#admission;
  }

  get failure(): unknown {
    return this.#failure;
  }

  /** A runner is being called: the place that was kept for it is its own now. */
  calls(admission: Admission): void {
    this.#admission ??= admission;
    this.release?.();
    this.release = undefined;
  }

  failed(admission: Admission, error: unknown): void {
    if (admission === this.#admission) this.#failure ??= error;
  }

  /** What the request keeps of an owner to its end; undefined where it keeps nothing. */
  pinOf(owner: object): object | undefined {
    return owner === this.#pinOwner ? this.#pin : this.#pins?.get(owner);
  }

  pin(owner: object, value: object): void {
    if (this.#pinOwner === undefined || this.#pinOwner === owner) {
      this.#pinOwner = owner;
      this.#pin = value;
    } else (this.#pins ??= new Map()).set(owner, value);
  }

  /** Why the request ended early; undefined while it goes on. */
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

  /** Calls the listener when the request ends early, until it is taken off again. */
  onEnd(listener: EndListener): void {
    if (this.#listener === undefined) this.#listener = listener;
    else (this.#others ??= new Set()).add(listener);
  }

  offEnd(listener: EndListener): void {
    if (this.#listener === listener) this.#listener = undefined;
    else this.#others?.delete(listener);
  }
}

/** The scope of the current request, through awaits. */
export const requestScope = new AsyncLocalStorage<RequestScope>();
