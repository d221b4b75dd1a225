import { AsyncLocalStorage } from 'node:async_hooks';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { MOST_WAITING, RefusalPace, SLICE_MS, WINDOW_MS } from './refusal-pace.js';

const COST_MS = 0.5;

let now: number;
let done: number[];
let pace: RefusalPace;

beforeEach(() => {
  vi.useFakeTimers();
  now = 1000;
  done = [];
  pace = new RefusalPace(() => now);
});
afterEach(() => vi.useRealTimers());

const refuse = (id: number) => (): void => {
  now += COST_MS;
  done.push(id);
};
const pass = (ms: number): void => {
  now += ms;
  vi.advanceTimersByTime(ms);
};

describe('RefusalPace', () => {
  it('does not delay refusals that take little time', () => {
    for (let id = 0; id < 100; id++) {
      pace.run(refuse(id));
      expect(done).toHaveLength(id + 1);
      pass(WINDOW_MS * (COST_MS / SLICE_MS));
    }
    expect(vi.getTimerCount()).toBe(0);
  });

  it('gives many refusals a part of the time, in order', () => {
    for (let id = 0; id < 40; id++) pace.run(refuse(id));
    const aTime = SLICE_MS / COST_MS;
    expect(done).toHaveLength(aTime);

    pass(WINDOW_MS);
    expect(done).toHaveLength(2 * aTime);
    for (let window = 0; window < 8; window++) pass(WINDOW_MS);
    expect(done).toEqual(Array.from({ length: 40 }, (_, id) => id));
    expect(vi.getTimerCount()).toBe(0);
  });

  it('gives them more time if very many wait', () => {
    for (let id = 0; id < 4 * MOST_WAITING; id++) pace.run(refuse(id));
    const before = done.length;
    pass(WINDOW_MS);

    expect(done.length - before).toBeGreaterThanOrEqual((3.9 * SLICE_MS) / COST_MS);
  });

  it('does not let a refusal overtake waiting ones', () => {
    for (let id = 0; id < 5; id++) pace.run(refuse(id));
    now += WINDOW_MS;
    pace.run(refuse(5));

    expect(done).toEqual([0, 1, 2, 3]);
    pass(WINDOW_MS);
    expect(done).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it('continues after one that throws', () => {
    for (let id = 0; id < 4; id++) pace.run(refuse(id));
    pace.run(() => {
      throw new Error('no answer');
    });
    pace.run(refuse(5));

    expect(() => pass(WINDOW_MS)).toThrow('no answer');
    pass(WINDOW_MS);
    expect(done).toEqual([0, 1, 2, 3, 5]);
  });

  it('calls each in the context in which it was given', () => {
    const context = new AsyncLocalStorage<number>();
    const seen: (number | undefined)[] = [];
    for (let id = 0; id < 12; id++) {
      context.run(id, () =>
        pace.run(() => {
          refuse(id)();
          seen.push(context.getStore());
        }),
      );
    }
    for (let window = 0; window < 3; window++) pass(WINDOW_MS);

    expect(seen).toEqual(done);
    expect(done).toHaveLength(12);
  });
});
