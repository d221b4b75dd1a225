import type { Scored } from '../../nest/served-model/scored.js';

/** The result of a comparison. */
export interface ComparisonReport {
  readonly items: number;
  /** Items whose predictions are equal. */
  readonly equal: number;
  /** For all probabilities, or for the numbers that the learner returns instead. */
  readonly largestDifference: number;
  readonly meanDifference: number;
  /** The median milliseconds of one prediction. */
  readonly medianMs: readonly [reference: number, changed: number];
  /** The speedup of the changed variant: the median of the ratios, item by item. */
  readonly speedup: number;
}

export interface Timed {
  readonly scored: Scored;
  readonly ms: number;
}

/** Adds up the differences between two variants of a model, item by item. */
export class Comparison {
  #items = 0;
  #equal = 0;
  #largest = 0;
  #sum = 0;
  #numbers = 0;
  readonly #times: (readonly [number, number])[] = [];

  add(reference: Timed, changed: Timed): void {
    this.#items++;
    if (sameAnswer(reference.scored.prediction, changed.scored.prediction)) this.#equal++;
    const expected = probabilitiesOf(reference.scored);
    const found = probabilitiesOf(changed.scored);
    for (let i = 0; i < Math.max(expected.length, found.length); i++) {
      // If a number is missing in one of them, or NaN, the difference is the largest possible.
      const difference = Object.is(expected[i], found[i]) ? 0 : Math.abs(expected[i]! - found[i]!);
      const counted = Number.isNaN(difference) ? Infinity : difference;
      this.#largest = Math.max(this.#largest, counted);
      this.#sum += counted;
      this.#numbers++;
    }
    this.#times.push([reference.ms, changed.ms]);
  }

  report(): ComparisonReport {
    return {
      items: this.#items,
      equal: this.#equal,
      largestDifference: this.#largest,
      meanDifference: this.#numbers === 0 ? 0 : this.#sum / this.#numbers,
      medianMs: [
        median(this.#times.map(([reference]) => reference)),
        median(this.#times.map(([, changed]) => changed)),
      ],
      speedup: median(this.#times.map(([reference, changed]) => reference / changed)),
    };
  }
}

/** Numbers of a regression never agree to the bit; a float32 in a thousand does. */
function sameAnswer(a: unknown, b: unknown): boolean {
  if (typeof a === 'number' && typeof b === 'number') {
    return Object.is(a, b) || Math.abs(a - b) <= 1e-3 * Math.max(Math.abs(a), Math.abs(b));
  }
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((value, i) => sameAnswer(value, b[i]));
  }
  if (isObject(a) && isObject(b)) {
    const names = Object.keys(a);
    return (
      names.length === Object.keys(b).length && names.every((name) => sameAnswer(a[name], b[name]))
    );
  }
  return a === b;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;

const probabilitiesOf = ({ probabilities, results }: Scored): number[] =>
  results ? Object.values(results).flatMap(probabilitiesOf) : numbersOf(probabilities);

function numbersOf(value: unknown): number[] {
  if (typeof value === 'number') return [value];
  return Array.isArray(value) ? value.flatMap(numbersOf) : [];
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
