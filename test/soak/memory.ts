/** How long caches fill: five minutes, or a third of a short run. */
export function firstMs(minutes: number): number {
  return Math.min(5, minutes / 3) * 60_000;
}

/** Memory over time, and whether it is flat. */
export class Memory {
  readonly #samples: { readonly at: number; readonly bytes: number; readonly kept: boolean }[] = [];

  /** @param minutes How long the run takes. */
  constructor(private readonly minutes: number) {}

  /** @param kept Whether it is just after a collection. */
  add(at: number, bytes: number, kept: boolean): void {
    this.#samples.push({ at, bytes, kept });
  }

  get last(): number {
    return this.#samples.at(-1)?.bytes ?? 0;
  }

  get most(): number {
    return Math.max(...this.#samples.map(({ bytes }) => bytes));
  }

  /**
   * Medians of the time after the first minutes, and of the end; each of a fifth of
   * what the run has after the first minutes. Of what is kept after a collection.
   */
  get medians(): readonly [start: number, end: number] {
    const total = this.minutes * 60_000;
    const warm = firstMs(this.minutes);
    const window = (total - warm) / 5;
    return [
      this.#median((at) => at >= warm && at <= warm + window),
      this.#median((at) => at >= total - window),
    ];
  }

  /** Growth after the first minutes; 0.05 is 5 %. */
  get growth(): number {
    const [start, end] = this.medians;
    return end / start - 1;
  }

  /**
   * Minutes are what it takes to tell growth from warm-up: a short run only shows that nothing is
   * lost by the second.
   */
  get mostGrowth(): number {
    return this.minutes >= 15 ? 0.05 : 1;
  }

  #median(wanted: (at: number) => boolean): number {
    const sorted = this.#samples
      .filter(({ at, kept }) => kept && wanted(at))
      .map(({ bytes }) => bytes)
      .sort((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 2)] ?? this.last;
  }
}
