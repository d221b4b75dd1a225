import type { InferenceCallOptions } from '../contract.js';
import { InferenceError } from '../errors.js';
import type { CallEnds } from './http.js';

/**
 * Ends a call after its time limit, or with the caller's signal, and remembers which of them it
 * was.
 */
export class CallLimits implements CallEnds {
  #controller: AbortController | undefined;
  #listener: (() => void) | undefined;
  readonly #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #caller: AbortSignal | undefined;
  #late = false;
  ended = false;

  constructor(
    { timeoutMs = 0, signal }: InferenceCallOptions,
    private readonly what: string,
  ) {
    this.timeoutMs = timeoutMs;
    this.#caller = signal;
    if (signal?.aborted === true) throw this.#cancelled(false);
    signal?.addEventListener('abort', this.#abort);
    if (timeoutMs > 0 && timeoutMs < 2 ** 31) {
      this.#timer = setTimeout(() => {
        this.#late = true;
        this.#abort();
      }, timeoutMs);
    }
  }

  readonly timeoutMs: number;

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.ended) this.#controller.abort();
    }
    return this.#controller.signal;
  }

  onEnd(listener: (() => void) | undefined): void {
    this.#listener = listener;
    if (this.ended) listener?.();
  }

  /** Why the call was ended; undefined if it was not. */
  failure(): InferenceError | undefined {
    if (this.#late) {
      return new InferenceError(
        `${this.what} took longer than ${this.timeoutMs} ms; give a larger timeoutMs, or ask for less at once.`,
        { status: 'DEADLINE_EXCEEDED', mayHaveRun: true },
      );
    }
    return this.ended ? this.#cancelled(true) : undefined;
  }

  release(): void {
    clearTimeout(this.#timer);
    this.#caller?.removeEventListener('abort', this.#abort);
  }

  readonly #abort = (): void => {
    if (this.ended) return;
    this.ended = true;
    this.#controller?.abort();
    this.#listener?.();
  };

  #cancelled(mayHaveRun: boolean): InferenceError {
    return new InferenceError(
      `${this.what} was cancelled by its signal.`,
      { status: 'CANCELLED', mayHaveRun },
      { cause: this.#caller?.reason },
    );
  }
}
