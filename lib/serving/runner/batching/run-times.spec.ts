import { describe, expect, it } from 'vitest';
import { RunTimes } from './run-times.js';

describe('RunTimes', () => {
  function measured(...runs: [size: number, ms: number][]): RunTimes {
    const times = new RunTimes();
    for (const [size, ms] of runs) times.record(size, ms);
    return times;
  }

  it('knows nothing before the first run', () => {
    const times = new RunTimes();
    expect(times.of(8)).toBeUndefined();
    expect(times.within(1000, 64)).toBe(0);
  });

  it('interpolates between measured sizes, and does not extrapolate', () => {
    const times = measured([10, 20], [20, 30]);
    expect(times.of(1)).toBe(20);
    expect(times.of(15)).toBe(25);
    expect(times.of(20)).toBe(30);
    expect(times.of(100)).toBe(30);
  });

  it('ignores a single slow run, and follows a trend', () => {
    const times = measured([8, 10], [8, 10], [8, 10], [8, 500]);
    expect(times.of(8)).toBe(10);
    for (let run = 0; run < 3; run++) times.record(8, 40);
    expect(times.of(8)).toBe(40);
    for (let run = 0; run < 3; run++) times.record(8, 5);
    expect(times.of(8)).toBe(5);
  });

  it('finds the largest size within a time, and scales larger ones in proportion', () => {
    const times = measured([1, 3], [9, 11]);
    expect(times.within(7, 100)).toBe(5);
    expect(times.within(2, 100)).toBe(0);
    expect(times.within(22, 100)).toBe(18);
    expect(times.within(1e6, 100)).toBe(100);
    // Means of widths are no whole numbers.
    expect(times.within(4, 2.4)).toBe(2);
    expect(times.within(3, 2.4)).toBe(1);
  });
});
