import { LONGEST_TIMEOUT_MS } from '../../options.js';
import type { Clock } from './clock.js';

/** A single timer for the first of all deadlines. */
export class DeadlineAlarm {
  #set: { readonly at: number; readonly timer: unknown } | undefined;

  /**
   * @param ring Called when the deadline passes; returns the next deadline, `Infinity` for none.
   */
  constructor(
    private readonly clock: Clock,
    private readonly ring: (now: number) => number,
  ) {}

  /** As far as it knows, no deadline passes before then. */
  quiet(now: number): boolean {
    return this.#set !== undefined && this.#set.at > now;
  }

  set(at: number): void {
    if (this.#set !== undefined) {
      if (this.#set.at <= at) return;
      this.clock.clearTimeout(this.#set.timer);
    }
    const delay = Math.ceil(Math.max(1, at - this.clock.now()));
    const timer = this.clock.setTimeout(() => this.#ring(), Math.min(LONGEST_TIMEOUT_MS, delay));
    this.#set = { at, timer };
  }

  clear(): void {
    if (this.#set !== undefined) this.clock.clearTimeout(this.#set.timer);
    this.#set = undefined;
  }

  #ring(): void {
    this.#set = undefined;
    const next = this.ring(this.clock.now());
    if (next < Infinity) this.set(next);
  }
}
