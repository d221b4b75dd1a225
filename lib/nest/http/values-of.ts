import type { Observable, Subscription } from 'rxjs';

/**
 * The values of an Observable, one at a time. If a value is an async iterable, because a handler
 * returned one, its values replace it. An async iterable produces values on demand; an Observable
 * does not, so its values are buffered here.
 */
export class ValuesOf {
  readonly #subscription: Subscription;
  readonly #waiting: unknown[] = [];
  #inner: AsyncIterator<unknown> | undefined;
  #end: { readonly error?: unknown } | undefined;
  #wake: (() => void) | undefined;

  constructor(source: Observable<unknown>) {
    this.#subscription = source.subscribe({
      next: (value) => {
        this.#waiting.push(value);
        this.#wake?.();
      },
      error: (error: unknown) => {
        this.#end = { error };
        this.#wake?.();
      },
      complete: () => {
        this.#end = {};
        this.#wake?.();
      },
    });
  }

  async next(): Promise<IteratorResult<unknown>> {
    for (;;) {
      if (this.#inner !== undefined) {
        const result = await this.#inner.next();
        if (!result.done) return result;
        this.#inner = undefined;
      }
      if (this.#waiting.length > 0) {
        const value = this.#waiting.shift();
        if (!isAsyncIterable(value)) return { done: false, value };
        this.#inner = value[Symbol.asyncIterator]();
        continue;
      }
      if (this.#end !== undefined) {
        if ('error' in this.#end) throw this.#end.error;
        return { done: true, value: undefined };
      }
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** Nobody wants values any more. */
  stop(): void {
    this.#subscription.unsubscribe();
    // Whatever it still computes is ignored: nobody is waiting.
    void this.#inner?.return?.()?.catch(() => undefined);
    this.#inner = undefined;
  }
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}
