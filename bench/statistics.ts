/** The middle value. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The quantile of the values, interpolated between neighbours. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = share * (sorted.length - 1);
  const [below, above] = [sorted[Math.floor(at)] ?? NaN, sorted[Math.ceil(at)] ?? NaN];
  return below + (above - below) * (at - Math.floor(at));
}

/** Median and its spread: the median absolute deviation, which one bad round does not move. */
export interface Summary {
  readonly median: number;
  readonly spread: number;
}

export function summarize(values: readonly number[]): Summary {
  const middle = median(values);
  return { median: middle, spread: median(values.map((value) => Math.abs(value - middle))) };
}

/**
 * Ratios of neighbouring rounds, because a slow phase of the machine affects both sides of each.
 */
export function ratiosOf(own: readonly number[], other: readonly number[]): number[] {
  const rounds = Math.min(own.length, other.length);
  return Array.from({ length: rounds }, (_, round) => own[round]! / other[round]!);
}

/** The duration of a call in milliseconds. */
export async function timed(call: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await call();
  return performance.now() - start;
}

/** For two calls in turns: the median of each, and of the ratios and differences of pairs. */
export interface Pair {
  readonly first: number;
  readonly second: number;
  /** Second by first. */
  readonly ratio: number;
  /** Second less first. */
  readonly rest: number;
}

/**
 * Calls both in turns, each first as often as second, for a number of milliseconds. Each call gets
 * its number, the same for both sides of a pair.
 */
export async function inTurns(
  first: (turn: number) => Promise<unknown>,
  second: (turn: number) => Promise<unknown>,
  ms: number,
): Promise<Pair> {
  const [firsts, seconds]: [number[], number[]] = [[], []];
  const start = performance.now();
  for (let turn = 0; turn === 0 || performance.now() - start < ms; turn += 2) {
    firsts.push(await timed(() => first(turn)));
    seconds.push(await timed(() => second(turn)));
    seconds.push(await timed(() => second(turn + 1)));
    firsts.push(await timed(() => first(turn + 1)));
  }
  return {
    first: median(firsts),
    second: median(seconds),
    ratio: median(ratiosOf(seconds, firsts)),
    rest: median(seconds.map((value, at) => value - firsts[at]!)),
  };
}
