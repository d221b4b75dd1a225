import { AsyncResource } from 'node:async_hooks';

/** Milliseconds of which refusals may take a share. */
export const WINDOW_MS = 8;
const DEFAULT_SHARE = 0.25;
/** Milliseconds of a window that refusals may take by default. */
export const SLICE_MS = DEFAULT_SHARE * WINDOW_MS;
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

  readonly #sliceMs: number;

  constructor(
    private readonly now = () => performance.now(),
    share = DEFAULT_SHARE,
  ) {
    this.#sliceMs = share * WINDOW_MS;
  }

  /** Calls `refuse` now or later, in the context in which it was given. */
  run(refuse: () => void): void {
    const now = this.now();
    if (now - this.#windowAt >= WINDOW_MS) this.#begin(now);
    if (this.#timer === undefined && this.#spentMs < this.#sliceMs) {
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
    const sliceMs = this.#sliceMs * Math.max(1, this.#waiting.length / MOST_WAITING);
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
