import type { Admission } from '../runtime/admission.js';
import { deadline } from '../runtime/deadlines.js';
import { requestScope, type RequestScope } from '../runtime/request-scope.js';
import { tellObservers } from '../runtime/runner-observer.js';
import type { RunOptions } from './runner-options-types.js';
import { RunAbortedError, RunTimeoutError, TooManyCallsError } from './errors.js';

/** Everything that can end a call before its answer. */
export interface CallEnds {
  readonly signal?: AbortSignal | undefined;
  /** Aborted when the reader of a stream has left. */
  readonly left?: AbortSignal | undefined;
  /** 0 for no limit. */
  readonly timeoutMs: number;
  /** The request that the call belongs to. */
  readonly scope?: RequestScope | undefined;
}

/**
 * Calls `giveUp` with the reason if the call ends early; returns a function that stops the watch.
 */
export function watchCall(
  runner: string,
  method: string,
  { signal, left, timeoutMs, scope }: CallEnds,
  giveUp: (reason: Error) => void,
): () => void {
  const onTimeout = (): void => giveUp(new RunTimeoutError(runner, method, timeoutMs));
  const timer = timeoutMs > 0 ? deadline(timeoutMs, onTimeout) : undefined;
  scope?.onEnd(giveUp);
  const unwatch = signal || left ? watchSignals(runner, method, signal, left, giveUp) : undefined;
  return () => {
    timer?.cancel();
    scope?.offEnd(giveUp);
    unwatch?.();
  };
}

function watchSignals(
  runner: string,
  method: string,
  signal: AbortSignal | undefined,
  left: AbortSignal | undefined,
  giveUp: (reason: Error) => void,
): () => void {
  const onAbort = (): void => giveUp(aborted(runner, method, signal, left));
  signal?.addEventListener('abort', onAbort, { once: true });
  left?.addEventListener('abort', onAbort, { once: true });
  if (signal?.aborted || left?.aborted) onAbort();
  return () => {
    signal?.removeEventListener('abort', onAbort);
    left?.removeEventListener('abort', onAbort);
  };
}

export interface CallLifetimeOptions {
  readonly runner: string;
  /** The default for calls. */
  readonly timeoutMs: number;
  readonly maxConcurrency: number;
  /** Loads the model; later calls return the same promise. */
  open(): Promise<unknown>;
}

/** A call whose caller is waiting. It is answered through this object, exactly once. */
export class LiveCall<Output = unknown> {
  #letIn = false;
  #settled = false;
  #stop: (() => void) | undefined;

  constructor(
    private readonly lifetime: CallLifetime,
    private readonly method: string,
    private readonly admission: Admission,
    private readonly ends: CallEnds,
    private readonly onResolve: (value: Output) => void,
    private readonly onReject: (error: unknown) => void,
  ) {}

  /** Call this once it is queued: from then on, `giveUp` is called if it ends early. */
  queued(giveUp: (reason: Error) => void): void {
    this.#stop = watchCall(this.lifetime.options.runner, this.method, this.ends, giveUp);
  }

  resolve(value: Output): void {
    if (this.#settled) return;
    this.#leave();
    this.onResolve(value);
  }

  reject(error: unknown): void {
    if (this.#settled) return;
    this.#leave();
    this.ends.scope?.failed(this.admission, error);
    this.onReject(error);
  }

  /** Starts the call, or refuses it. */
  begin(start: (call: this) => void): void {
    try {
      this.checkWanted();
      this.lifetime.check(this.method);
      this.lifetime.inProgress++;
      this.#letIn = true;
      start(this);
    } catch (error) {
      this.reject(error);
    }
  }

  /** @throws The reason why nobody waits for it any longer. */
  checkWanted(): void {
    const { signal, left, scope } = this.ends;
    if (signal?.aborted || left?.aborted) {
      throw aborted(this.lifetime.options.runner, this.method, signal, left);
    }
    if (scope?.reason !== undefined) throw scope.reason;
  }

  #leave(): void {
    this.#settled = true;
    this.#stop?.();
    if (this.#letIn) this.lifetime.inProgress--;
  }
}

/**
 * Follows a runner's calls, batched or not, from arrival to end: it refuses them, and ends them
 * before their answer.
 */
export class CallLifetime {
  inProgress = 0;
  /** Calls that were refused because of `maxConcurrency`. */
  shed = 0;
  #open = false;

  constructor(readonly options: CallLifetimeOptions) {}

  /** @throws TooManyCallsError if no call can be admitted. */
  check(method: string): void {
    const { runner, maxConcurrency } = this.options;
    if (this.inProgress < maxConcurrency) return;
    this.shed++;
    tellObservers('shed', { runner, method, reason: 'concurrency' });
    throw new TooManyCallsError(runner, method, maxConcurrency);
  }

  /**
   * @param start Queues the given call and answers it later; an error that it throws is the answer.
   * @param left Aborted when the reader of a stream has left.
   */
  run<Output>(
    method: string,
    admission: Admission,
    options: RunOptions,
    start: (call: LiveCall<Output>) => void,
    left?: AbortSignal,
  ): Promise<Output> {
    const scope = requestScope.getStore();
    const { signal, timeoutMs = scope?.callTimeoutMs ?? this.options.timeoutMs } = options;
    scope?.calls(admission);
    return new Promise((resolve, reject) => {
      const ends = { signal, left, timeoutMs, scope };
      const call = new LiveCall(this, method, admission, ends, resolve, reject);
      if (this.#open) call.begin(start);
      else void this.#openFirst(call).then((opened) => opened && call.begin(start));
    });
  }

  async #openFirst(call: LiveCall<never>): Promise<boolean> {
    try {
      call.checkWanted();
      await this.options.open();
      this.#open = true;
      return true;
    } catch (error) {
      call.reject(error);
      return false;
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
