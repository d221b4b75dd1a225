import { AsyncLocalStorage } from 'node:async_hooks';
import type { Admission } from './admission.js';

/**
 * The HTTP request that the code runs for. When it ends early, because its time is over or its
 * client has left, the runs that were started for it are abandoned.
 */
export class RequestScope {
  /** The context of the request's span, for OpenTelemetry; undefined where none is recorded. */
  traceContext: unknown;
  /** Told when the response is out, or the client has left. */
  onClose: (() => void) | undefined;
  /** Gives back the place that was kept for the first call. */
  release: (() => void) | undefined;
  #admission: Admission | undefined;
  #failure: unknown;
  readonly #listeners = new Set<(reason: Error) => void>();
  #reason: Error | undefined;

  constructor(
    /** When the request came, on the clock of `performance.now()`. */
    readonly arrivedAt = performance.now(),
  ) {}

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

  /** Why the request ended early; undefined while it goes on. */
  get reason(): Error | undefined {
    return this.#reason;
  }

  end(reason: Error): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    for (const listener of this.#listeners) listener(reason);
    this.#listeners.clear();
  }

  /** Calls the listener when the request ends early; returns what takes it off again. */
  onEnd(listener: (reason: Error) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

/** The scope of the current request, through awaits. */
export const requestScope = new AsyncLocalStorage<RequestScope>();
