import { describe, expect, it } from 'vitest';
import { MASK_COLOURS } from './palette.js';

describe('the colours of masks', () => {
  it('are 256 different ones, the background first', () => {
    expect(MASK_COLOURS).toHaveLength(256);
    expect(new Set(MASK_COLOURS.map(String)).size).toBe(256);
    expect(MASK_COLOURS[0]).toEqual([48, 48, 48]);
    for (const channel of MASK_COLOURS.flat()) {
      expect(Number.isInteger(channel) && channel >= 0 && channel <= 255).toBe(true);
    }
  });

  it('differ clearly if classes are few', () => {
    const first = MASK_COLOURS.slice(0, 12);
    for (const [i, a] of first.entries()) {
      for (const b of first.slice(0, i)) {
        expect(Math.hypot(...a.map((value, c) => value - b[c]!))).toBeGreaterThan(40);
      }
    }
  });
});
