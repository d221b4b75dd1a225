import type { Clock } from '../../lib/serving/runner/batching/clock.js';

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly call: () => void;
}

/**
 * Time that passes when a test says so; what is due at one moment is called in the order it was
 * asked for.
 */
export class FakeClock implements Clock {
  readonly #timers = new Set<Timer>();
  #now = 0;
  #order = 0;

  now(): number {
    return this.#now;
  }

  setTimeout(call: () => void, ms: number): Timer {
    const timer = { at: this.#now + ms, order: this.#order++, call };
    this.#timers.add(timer);
    return timer;
  }

  clearTimeout(timer: unknown): void {
    this.#timers.delete(timer as Timer);
  }

  defer(call: () => void): void {
    this.setTimeout(call, 0);
  }

  /** Timers that wait. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Lets so many milliseconds pass; promises settle between timers. */
  async pass(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (;;) {
      await settled();
      let next: Timer | undefined;
      for (const timer of this.#timers) {
        const earlier = next === undefined || timer.at < next.at;
        if (earlier || (timer.at === next?.at && timer.order < next.order)) next = timer;
      }
      if (next === undefined || next.at > end) break;
      this.#timers.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.call();
    }
    this.#now = end;
  }
}

/** Resolves when the promises that are resolved by now have run their course. */
export async function settled(): Promise<void> {
  for (let i = 0; i < 12; i++) await Promise.resolve();
}
