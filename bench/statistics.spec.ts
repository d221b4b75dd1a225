import { describe, expect, it } from 'vitest';
import { inTurns, median, quantile, ratiosOf, summarize } from './statistics.js';

describe('median and quantile', () => {
  it('take the middle, and lie between two neighbours', () => {
    expect(median([5, 1, 9])).toBe(5);
    expect(median([4, 1, 2, 3])).toBe(2.5);
    expect(quantile([0, 10], 0.99)).toBeCloseTo(9.9);
    expect(quantile([3, 1, 2], 1)).toBe(3);
    expect(quantile([7], 0.99)).toBe(7);
  });

  it('of nothing is NaN', () => {
    expect(median([])).toBeNaN();
  });
});

describe('summarize', () => {
  it('gives the median absolute deviation, which one bad round does not move', () => {
    expect(summarize([10, 11, 9, 10, 500])).toEqual({ median: 10, spread: 1 });
  });
});

describe('ratiosOf', () => {
  it('divides round by round', () => {
    expect(ratiosOf([2, 9, 4], [1, 3, 8])).toEqual([2, 3, 0.5]);
  });

  it('leaves out rounds that only one side has', () => {
    expect(ratiosOf([2, 9], [1])).toEqual([2]);
  });
});

describe('inTurns', () => {
  it('calls both sides alternately with the same numbers, whatever the time', async () => {
    const calls: string[] = [];
    const side = (name: string) => async (turn: number) => void calls.push(`${name}${turn}`);
    const pair = await inTurns(side('a'), side('b'), 0);
    expect(calls).toEqual(['a0', 'b0', 'b1', 'a1']);
    expect(pair.ratio).toBeGreaterThan(0);
  });
});
