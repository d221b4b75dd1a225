import type { TaskStream } from './task.js';

/** How many values a worker may be ahead of the reader. */
const AHEAD = 16;

/** Holds the values of a stream that its reader, which may be slower, has not taken. */
export class StreamBuffer implements TaskStream {
  readonly ahead = AHEAD;
  /** Called with the number of taken values, so that the same number can be requested. */
  onTaken: ((count: number) => void) | undefined;
  readonly #waiting: unknown[] = [];
  #taken = 0;
  #wake: (() => void) | undefined;

  value(value: unknown): void {
    this.#waiting.push(value);
    this.#wake?.();
  }

  async *values(ended: Promise<unknown>): AsyncGenerator<unknown, void, undefined> {
    let end: { readonly error?: unknown } | undefined;
    const finish = (how: { readonly error?: unknown }): void => {
      end = how;
      this.#wake?.();
    };
    ended.then(
      () => finish({}),
      (error: unknown) => finish({ error }),
    );
    for (;;) {
      while (this.#waiting.length > 0) {
        const value = this.#waiting.shift();
        this.#take();
        yield value;
      }
      if (end !== undefined) {
        if ('error' in end) throw end.error;
        return;
      }
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  #take(): void {
    if (++this.#taken < AHEAD / 2) return;
    this.onTaken?.(this.#taken);
    this.#taken = 0;
  }
}
