import { describe, expect, it } from 'vitest';
import { scratch } from './scratch.js';

describe('scratch', () => {
  it('hands out memory that does not overlap, and takes it back', () => {
    const memory = scratch()!;
    const mark = memory.mark();
    const [first, second] = [memory.take(1), memory.take(100_000)];
    expect(second - first).toBeGreaterThanOrEqual(65);
    expect([first % 16, second % 16]).toEqual([0, 0]);
    const { byteLength } = memory.kernels.memory.buffer;
    expect(byteLength).toBeGreaterThanOrEqual(second + 100_000 + 64);
    memory.release(mark);
    expect(memory.take(1)).toBe(first);
    memory.release(mark);
  });

  it('throws beyond its limit, and continues to work', () => {
    const memory = scratch()!;
    const mark = memory.mark();
    expect(() => memory.take(2 ** 30)).toThrow(RangeError);
    expect(memory.mark()).toBe(mark);
  });
});
