/** What came of the requests to one service. */
export class Tally {
  good = 0;
  bad = 0;
  /** Good requests that were refused for the load: 503 or 429, with Retry-After. */
  shed = 0;
  readonly statuses = new Map<number | 'cut off', number>();
  /** What must not be; the first of them in words. */
  faults = 0;
  readonly examples: string[] = [];
  /** A sample of the times of good requests: every n-th. */
  readonly #times: number[] = [];

  status(status: number | 'cut off'): void {
    this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1);
  }

  time(ms: number): void {
    if (this.#times.length < 50_000) this.#times.push(ms);
    else this.#times[Math.floor(Math.random() * this.#times.length)] = ms;
  }

  fault(fact: string): void {
    this.faults++;
    if (this.examples.length < 5) this.examples.push(fact);
  }

  quantile(share: number): number {
    const sorted = this.#times.toSorted((a, b) => a - b);
    return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
  }
}
