import { describe, expect, it } from 'vitest';
import { visionKernels } from './load.js';

describe('visionKernels', () => {
  it('are those of the thread, with memory that grows on demand', () => {
    const kernels = visionKernels()!;
    expect(visionKernels()).toBe(kernels);
    const end = kernels.heapBase() + 1_000_000;
    expect(kernels.reserve(end)).toBe(1);
    expect(kernels.memory.buffer.byteLength).toBeGreaterThanOrEqual(end);
  });

  it('answer when memory cannot grow as much', () => {
    expect(visionKernels()!.reserve(2 ** 32 - 1)).toBe(0);
  });
});
