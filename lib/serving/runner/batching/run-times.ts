/**
 * How many runs of one size are remembered: a single slow run must not change the estimate, but a
 * trend must.
 */
const REMEMBERED = 5;

interface Run {
  readonly size: number;
  readonly ms: number;
}

interface Typical extends Run {
  /** The time of a run of this size if it is as slow as the slowest that is remembered. */
  readonly slowMs: number;
}

/**
 * How long recent runs took, by size: rows times width. Sizes between two measured ones are
 * interpolated.
 */
export class RunTimes {
  /** Keyed by the power of two that the size reaches. */
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
   * The milliseconds that a run of this size takes; undefined until one has been measured. For a
   * size above all measured ones, it is the time of the largest, a lower bound: no call is refused
   * because of a guess.
   */
  of(size: number): number | undefined {
    return this.#of(size)?.ms;
  }

  /** The same, if it is as slow as the slowest recent run. */
  slow(size: number): number | undefined {
    return this.#of(size)?.slowMs;
  }

  /**
   * The largest size up to `most` whose run takes no longer than that; 0 until a run has been
   * measured. Sizes above all measured ones are scaled in proportion, which overestimates rather
   * than underestimates.
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

/** The median run by time per unit of size. */
function typicalOf(runs: readonly Run[]): Typical {
  const sorted = [...runs].sort((a, b) => a.ms / a.size - b.ms / b.size);
  const middle = sorted[(sorted.length - 1) >> 1] as Run;
  const slowest = sorted[sorted.length - 1] as Run;
  return { ...middle, slowMs: (slowest.ms * middle.size) / slowest.size };
}
