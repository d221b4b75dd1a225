import { AsyncResource } from 'node:async_hooks';

/** The window in milliseconds of which refusals may take a share. */
export const WINDOW_MS = 8;
const DEFAULT_SHARE = 0.25;
/** The milliseconds of a window that refusals may take by default. */
export const SLICE_MS = DEFAULT_SHARE * WINDOW_MS;
/**
 * If more than this are waiting, the share grows with them: a long wait is no better than a
 * refusal.
 */
export const MOST_WAITING = 500;

/**
 * Delays refusals that would take more than their share of the event loop's time.
 *
 * Clients that return at once after a refusal could keep the service busy with refusals alone.
 * Accepted requests must come first, and the delay slows down clients that ignore `Retry-After`. Up
 * to about 2,000 refusals a second, none is delayed.
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

  /** Calls `refuse` now or later, in its original context. */
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
