import { describe, expect, it } from 'vitest';
import { Comparison, type Timed } from './comparison.js';

const timed = (prediction: unknown, probabilities: unknown, ms: number): Timed => ({
  scored: { prediction, probabilities },
  ms,
});

describe('Comparison', () => {
  it('counts equal predictions, and the differences of all probabilities', () => {
    const comparison = new Comparison();
    comparison.add(timed('pos', [0.25, 0.75], 4), timed('pos', [0.5, 0.5], 2));
    comparison.add(timed('pos', [0.25, 0.75], 9), timed('neg', [0.75, 0.25], 3));
    comparison.add(timed('neg', [1, 0], 6), timed('neg', [1, 0], 1));
    expect(comparison.report()).toEqual({
      items: 3,
      equal: 2,
      largestDifference: 0.5,
      meanDifference: 1.5 / 6,
      medianMs: [6, 2],
      speedup: 3,
    });
  });

  it('counts numbers as equal within a thousandth, and lists element by element', () => {
    const comparison = new Comparison();
    comparison.add(timed(1000, 1000, 1), timed(1000.5, 1000.5, 1));
    comparison.add(timed(1000, 1000, 1), timed(1002, 1002, 1));
    comparison.add(timed(['a', 'b'], [[0.5], [1]], 1), timed(['a'], [[0.5], [1]], 1));
    const { equal, largestDifference } = comparison.report();
    expect([equal, largestDifference]).toEqual([1, 2]);
  });

  it('does not hide NaN: two NaN are equal, and a single one is a difference', () => {
    const comparison = new Comparison();
    comparison.add(timed('a', [NaN], 1), timed('a', [NaN], 1));
    expect(comparison.report().largestDifference).toBe(0);
    comparison.add(timed('a', [NaN, 0], 1), timed('a', [0], 1));
    expect(comparison.report().largestDifference).toBe(Infinity);
  });
});
