import { AsyncResource } from 'node:async_hooks';

/** Milliseconds of the event loop that refusals may take, … */
export const SLICE_MS = 2;
/** … of so many. */
export const WINDOW_MS = 8;
/**
 * Where more than this wait, the part grows with them: to wait for long is no better than to be
 * refused.
 */
export const MOST_WAITING = 500;

/**
 * Holds refusals back while there are more than a part of the event loop's time is enough for.
 *
 * Who is refused and comes again at once could keep the service busy with refusing alone. What it
 * has taken has to come first; the time that a refusal waits then slows those down who do not heed
 * `Retry-After`. Up to some 2,000 refusals a second none waits.
 */
export class RefusalPace {
  readonly #waiting: (() => void)[] = [];
  #timer: NodeJS.Timeout | undefined;
  #windowAt = 0;
  #spentMs = 0;

  constructor(private readonly now = () => performance.now()) {}

  /** Calls `refuse` now or later, in the context in which it was given. */
  run(refuse: () => void): void {
    const now = this.now();
    if (now - this.#windowAt >= WINDOW_MS) this.#begin(now);
    if (this.#timer === undefined && this.#spentMs < SLICE_MS) {
      refuse();
      this.#spentMs += this.now() - now;
      return;
    }
    const context = new AsyncResource('VtsRefusal');
    this.#waiting.push(() => context.runInAsyncScope(refuse));
    this.#timer ??= setTimeout(() => this.#drain(), WINDOW_MS);
  }

  #drain(): void {
    const start = this.now();
    this.#begin(start);
    const sliceMs = SLICE_MS * Math.max(1, this.#waiting.length / MOST_WAITING);
    let done = 0;
    try {
      while (done < this.#waiting.length && this.#spentMs < sliceMs) {
        this.#waiting[done++]!();
        this.#spentMs = this.now() - start;
      }
    } finally {
      this.#waiting.splice(0, done);
      this.#timer =
        this.#waiting.length === 0 ? undefined : setTimeout(() => this.#drain(), WINDOW_MS);
    }
  }

  #begin(now: number): void {
    this.#windowAt = now;
    this.#spentMs = 0;
  }
}
