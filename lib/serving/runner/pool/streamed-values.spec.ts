import { NEVER, of, Subject, throwError } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import { streamedValues } from './streamed-values.js';

async function collect(returned: unknown): Promise<unknown[]> {
  const values = streamedValues(returned) as AsyncIterator<unknown>;
  const all: unknown[] = [];
  for (let next = await values.next(); next.done !== true; next = await values.next()) {
    all.push(next.value);
  }
  return all;
}

describe('streamedValues', () => {
  it.each([
    undefined,
    null,
    'text',
    3,
    [1, 2],
    new Map(),
    new Set([1]),
    new Float32Array(2),
    { subscribe: true },
    { next: 1 },
  ])('treats %j as a plain value', (value) => {
    expect(streamedValues(value)).toBeUndefined();
  });

  it('gives the values of generators, iterables and Observables', async () => {
    function* counts(): Generator<number> {
      yield 1;
      yield 2;
    }
    async function* slowly(): AsyncGenerator<number> {
      yield* counts();
    }
    expect(await collect(counts())).toEqual([1, 2]);
    expect(await collect(slowly())).toEqual([1, 2]);
    expect(await collect(of(1, 2))).toEqual([1, 2]);
  });

  it('keeps values that an Observable emits before a request', async () => {
    const subject = new Subject<number>();
    const values = streamedValues(subject) as AsyncIterator<unknown>;
    const first = values.next();
    subject.next(1);
    subject.next(2);
    subject.complete();
    expect(await first).toEqual({ done: false, value: 1 });
    expect(await values.next()).toEqual({ done: false, value: 2 });
    expect(await values.next()).toMatchObject({ done: true });
    await expect(collect(throwError(() => new RangeError('no')))).rejects.toThrow('no');
  });

  it('leaves an Observable even while somebody waits for its next value', async () => {
    const unsubscribe = vi.fn();
    const source = { pipe: (): void => undefined, subscribe: () => ({ unsubscribe }) };
    const values = streamedValues(source) as AsyncIterator<unknown>;
    const pending = values.next();
    await values.return?.();
    expect(await pending).toMatchObject({ done: true });
    expect(unsubscribe).toHaveBeenCalledOnce();
    const never = streamedValues(NEVER) as AsyncIterator<unknown>;
    await never.return?.();
    expect(await never.next()).toMatchObject({ done: true });
  });
});
