import { describe, expect, it } from 'vitest';
import { fromHalf, toHalf } from './float16.js';

describe('half precision', () => {
  it('comes back from its value, for all bits', () => {
    for (let bits = 0; bits < 0x10000; bits++) {
      const value = fromHalf(bits);
      if (Number.isNaN(value)) expect(Number.isNaN(fromHalf(toHalf(value)))).toBe(true);
      else if (toHalf(value) !== bits) expect(toHalf(value)).toBe(bits);
    }
  });

  // Values and bits that numpy gives: np.float16(x).view(np.uint16)
  it.each([
    [0.1, 0x2e66],
    [65504, 0x7bff],
    [65519.996, 0x7bff],
    [65520, 0x7c00],
    [1e10, 0x7c00],
    [-1e10, 0xfc00],
    [2 ** -24, 1],
    [2 ** -25, 0],
    [1.5 * 2 ** -25, 1],
    [1.5 * 2 ** -24, 2],
    [1e-8, 0],
    [6.1e-5, 0x03ff],
    [1 + 2 ** -11, 0x3c00],
    [1 + 3 * 2 ** -11, 0x3c02],
    [-0, 0x8000],
  ])('rounds %d to the nearest, ties to even', (value, bits) => {
    expect(toHalf(value)).toBe(bits);
  });
});
