/** Runs remembered of one size: one slow run must not set the rule, but a change must. */
const REMEMBERED = 5;

interface Run {
  readonly size: number;
  readonly ms: number;
}

interface Typical extends Run {
  /** What a run of this size would take if it were as slow as the slowest that is remembered. */
  readonly slowMs: number;
}

/**
 * What runs took of late, by their size: rows times their width. Sizes between two that were
 * measured are taken from the line through both.
 */
export class RunTimes {
  /** By the power of two that the size reaches. */
  readonly #recent = new Map<number, { readonly runs: Run[]; readonly typical: Typical }>();
  #typical: readonly Typical[] = [];
  /** The last answer of {@link within}: under overload every call asks the same. */
  #within: { readonly ms: number; readonly most: number; readonly size: number } | undefined;

  record(size: number, ms: number): void {
    const power = Math.ceil(Math.log2(Math.max(1, size)));
    const runs = this.#recent.get(power)?.runs ?? [];
    runs.push({ size, ms });
    if (runs.length > REMEMBERED) runs.shift();
    this.#recent.set(power, { runs, typical: typicalOf(runs) });
    const all = [...this.#recent.values()];
    this.#typical = all.map(({ typical }) => typical).sort((a, b) => a.size - b.size);
    this.#within = undefined;
  }

  /**
   * Milliseconds that a run of this size takes; undefined before the first one was measured. One
   * that is larger than all that were measured takes as long as the largest, at least: nothing is
   * refused on account of a guess.
   */
  of(size: number): number | undefined {
    return this.#of(size)?.ms;
  }

  /** The same, if it is as slow as the slowest of late. */
  slow(size: number): number | undefined {
    return this.#of(size)?.slowMs;
  }

  /**
   * The largest size up to `most` whose run takes no longer than that; 0 while nothing was
   * measured. What is larger than all that were measured is taken to last longer in proportion,
   * which is too long rather than too short.
   */
  within(ms: number, most: number): number {
    if (this.#within?.ms !== ms || this.#within.most !== most) {
      this.#within = { ms, most, size: this.#largest(ms, most) };
    }
    return this.#within.size;
  }

  #largest(ms: number, most: number): number {
    const fits = (size: number): boolean => {
      const run = this.#of(size);
      return run !== undefined && run.ms * Math.max(1, size / run.size) <= ms;
    };
    if (this.#typical.length === 0) return 0;
    if (fits(most)) return most;
    let [low, high] = [0, Math.ceil(most)];
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (fits(middle)) low = middle;
      else high = middle;
    }
    return low;
  }

  #of(size: number): Typical | undefined {
    const last = this.#typical[this.#typical.length - 1];
    if (last === undefined || size >= last.size) return last;
    const above = this.#typical.findIndex((run) => run.size >= size);
    const b = this.#typical[above] as Typical;
    const a = this.#typical[above - 1] ?? { ...b, size: 0 };
    const part = (size - a.size) / (b.size - a.size);
    return {
      size,
      ms: a.ms + (b.ms - a.ms) * part,
      slowMs: a.slowMs + (b.slowMs - a.slowMs) * part,
    };
  }
}

/** The run in the middle by its time per unit of size. */
function typicalOf(runs: readonly Run[]): Typical {
  const sorted = [...runs].sort((a, b) => a.ms / a.size - b.ms / b.size);
  const middle = sorted[(sorted.length - 1) >> 1] as Run;
  const slowest = sorted[sorted.length - 1] as Run;
  return { ...middle, slowMs: (slowest.ms * middle.size) / slowest.size };
}
