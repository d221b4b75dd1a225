import type { Admission } from '../runtime/admission.js';
import { requestScope, type RequestScope } from '../runtime/request-scope.js';
import { tellObservers } from '../runtime/runner-observer.js';
import type { RunOptions } from './runner-options-types.js';
import { RunAbortedError, RunTimeoutError, TooManyCallsError } from './errors.js';

/** What can end a call before its answer. */
export interface CallEnds {
  readonly signal?: AbortSignal | undefined;
  /** Aborted when the reader of a stream has left. */
  readonly left?: AbortSignal | undefined;
  /** 0 for no limit. */
  readonly timeoutMs: number;
  /** The request that it runs for. */
  readonly scope?: RequestScope | undefined;
}

/** Calls `giveUp` with the reason when the call ends early; returns what stops the watch. */
export function watchCall(
  runner: string,
  method: string,
  { signal, left, timeoutMs, scope }: CallEnds,
  giveUp: (reason: Error) => void,
): () => void {
  const onAbort = (): void => giveUp(aborted(runner, method, signal, left));
  const onTimeout = (): void => giveUp(new RunTimeoutError(runner, method, timeoutMs));
  const timer = timeoutMs > 0 ? setTimeout(onTimeout, Math.ceil(timeoutMs)) : undefined;
  signal?.addEventListener('abort', onAbort, { once: true });
  left?.addEventListener('abort', onAbort, { once: true });
  const leave = scope?.onEnd(giveUp);
  if (signal?.aborted || left?.aborted) onAbort();
  return () => {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
    left?.removeEventListener('abort', onAbort);
    leave?.();
  };
}

/** A call that has been let in. */
export interface LiveCall {
  /** To be called once it is queued: from then on `giveUp` is called when it ends early. */
  queued(giveUp: (reason: Error) => void): void;
}

export interface CallLifetimeOptions {
  readonly runner: string;
  /** Where a call's options do not say. */
  readonly timeoutMs: number;
  readonly maxConcurrency: number;
  /** Loads the model; further calls give the same promise. */
  open(): Promise<unknown>;
}

/**
 * The way of a runner's calls from their arrival to their end, for those that run alone and those
 * that share runs: what they are refused with, and what ends them before their answer.
 */
export class CallLifetime {
  #inProgress = 0;
  /** Calls that were refused because of `maxConcurrency`. */
  shed = 0;
  #open = false;

  constructor(private readonly options: CallLifetimeOptions) {}

  /** @throws TooManyCallsError where no call can be let in. */
  check(method: string): void {
    const { runner, maxConcurrency } = this.options;
    if (this.#inProgress < maxConcurrency) return;
    this.shed++;
    tellObservers('shed', { runner, method, reason: 'concurrency' });
    throw new TooManyCallsError(runner, method, maxConcurrency);
  }

  /** @param left Aborted when the reader of a stream has left. */
  async run<Output>(
    method: string,
    admission: Admission,
    { signal, timeoutMs = this.options.timeoutMs }: RunOptions,
    start: (call: LiveCall) => Promise<Output>,
    left?: AbortSignal,
  ): Promise<Output> {
    const { runner } = this.options;
    const scope = requestScope.getStore();
    let stop: (() => void) | undefined;
    const queued = (giveUp: (reason: Error) => void): void => {
      stop = watchCall(runner, method, { signal, left, timeoutMs, scope }, giveUp);
    };
    const checkWanted = (): void => {
      if (signal?.aborted || left?.aborted) throw aborted(runner, method, signal, left);
      if (scope?.reason !== undefined) throw scope.reason;
    };
    scope?.calls(admission);
    try {
      checkWanted();
      if (!this.#open) {
        await this.options.open();
        this.#open = true;
        checkWanted();
      }
      this.check(method);
      this.#inProgress++;
      try {
        return await start({ queued });
      } finally {
        stop?.();
        this.#inProgress--;
      }
    } catch (error) {
      scope?.failed(admission, error);
      throw error;
    }
  }
}

function aborted(
  runner: string,
  method: string,
  signal: AbortSignal | undefined,
  left: AbortSignal | undefined,
): RunAbortedError {
  return new RunAbortedError(runner, method, (signal?.aborted ? signal : left)?.reason);
}
