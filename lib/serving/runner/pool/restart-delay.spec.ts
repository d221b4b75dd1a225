import { describe, expect, it } from 'vitest';
import { RestartDelay } from './restart-delay.js';

const times = (count: number, next: () => number): number[] => Array.from({ length: count }, next);

describe('RestartDelay', () => {
  it('is zero for a first loss, and grows if no call is answered in between', () => {
    const delay = new RestartDelay();
    expect(times(9, () => delay.next(true))).toEqual([
      0, 100, 200, 400, 800, 1600, 3200, 5000, 5000,
    ]);
    delay.loaded();
    expect(delay.next(true)).toBe(5000);
    delay.served();
    expect(times(2, () => delay.next(true))).toEqual([0, 100]);
  });

  it('grows while the model cannot be loaded', () => {
    const delay = new RestartDelay();
    expect(times(4, () => delay.next(false))).toEqual([100, 200, 400, 800]);
    expect(times(7, () => delay.next(false)).at(-1)).toBe(30_000);
    delay.loaded();
    expect(delay.next(false)).toBe(100);
  });
});
