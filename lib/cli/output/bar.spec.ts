import { describe, expect, it } from 'vitest';
import { bar, bars, gauge, percent } from './bar.js';
import { Screen } from './screen.js';

describe('bar', () => {
  it.each([
    [0, ''],
    [0.0001, '▏'],
    [0.5, '████'],
    [0.55, '████▍'],
    [1, '████████'],
    [1.5, '████████'],
    [-1, ''],
    [NaN, ''],
  ])('of %d', (share, drawn) => {
    expect(bar(share, 8)).toBe(drawn);
  });

  it('is between its name and its number', () => {
    const shares = [
      { name: 'cat', share: 0.75, chosen: true },
      { name: 'a dog', share: 0.25, chosen: false },
    ];
    expect(bars(shares, Screen.plain)).toEqual([
      `cat    ${'█'.repeat(30)}${' '.repeat(10)}    75.00 %`,
      `a dog  ${'█'.repeat(10)}${' '.repeat(30)}    25.00 %`,
    ]);
    expect(percent(0.12345)).toBe('12.35 %');
  });
});

describe('gauge', () => {
  it.each([
    [0, '0 ├●────────┤ 5'],
    [2.5, '0 ├────●────┤ 5'],
    [5, '0 ├────────●┤ 5'],
    [9, '0 ├────────●┤ 5'],
  ])('of %d', (value, drawn) => {
    expect(gauge(value, [0, 5], 9)).toBe(drawn);
  });
});
