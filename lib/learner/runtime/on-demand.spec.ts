import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { OnDemand } from './on-demand.js';

describe('A resource that opens on demand', () => {
  let opened: number;
  let released: number;
  let things: OnDemand<number>;
  beforeEach(() => {
    vi.useFakeTimers();
    opened = released = 0;
    things = new OnDemand(
      {
        open: async () => ++opened,
        release: async () => {
          released++;
        },
      },
      1000,
    );
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('is shared, and opened once', async () => {
    expect(await Promise.all([1, 2, 3].map(() => things.use(async (thing) => thing)))).toEqual([
      1, 1, 1,
    ]);
  });

  it('is released after some time without use, and opened again', async () => {
    await things.use(async () => undefined);
    await vi.advanceTimersByTimeAsync(999);
    await things.use(async () => undefined);
    await vi.advanceTimersByTimeAsync(999);
    expect(released).toBe(0);
    await vi.advanceTimersByTimeAsync(1);
    expect(released).toBe(1);
    expect(await things.use(async (thing) => thing)).toBe(2);
  });

  it('stays as long as somebody uses it', async () => {
    let end!: () => void;
    const long = things.use(() => new Promise<void>((resolve) => (end = resolve)));
    await things.use(async () => undefined);
    await vi.advanceTimersByTimeAsync(5000);
    expect(released).toBe(0);
    end();
    await long;
    await vi.advanceTimersByTimeAsync(1000);
    expect(released).toBe(1);
  });

  it('is tried again after a failed opening', async () => {
    let tries = 0;
    const failing = new OnDemand<number>(
      {
        open: async () => {
          if (++tries === 1) throw new Error('not yet');
          return 7;
        },
        release: async () => undefined,
      },
      1000,
    );
    await expect(failing.use(async (thing) => thing)).rejects.toThrow('not yet');
    expect(await failing.use(async (thing) => thing)).toBe(7);
    await failing.release();
  });

  it('is released with its owner, even if it was never used', async () => {
    await things.release();
    await things.use(async () => undefined);
    await things.release();
    expect([opened, released]).toEqual([1, 1]);
    await vi.advanceTimersByTimeAsync(5000);
    expect(released).toBe(1);
  });
});
