import { describe, expect, it } from 'vitest';
import { visionKernels } from './load.js';

describe('visionKernels', () => {
  it('belong to the thread, with memory that grows on demand', () => {
    const kernels = visionKernels()!;
    expect(visionKernels()).toBe(kernels);
    const end = kernels.heapBase() + 1_000_000;
    expect(kernels.reserve(end)).toBe(1);
    expect(kernels.memory.buffer.byteLength).toBeGreaterThanOrEqual(end);
  });

  it('report that memory cannot grow enough', () => {
    expect(visionKernels()!.reserve(2 ** 32 - 1)).toBe(0);
  });
});
