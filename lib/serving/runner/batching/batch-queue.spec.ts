import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BatchQueue, type Queued } from './batch-queue.js';

describe('BatchQueue', () => {
  function queueOf(...entries: [key: string, rows: number, width: number][]) {
    const queue = new BatchQueue<Queued>();
    const all = entries.map(([key, rows, width], order) => ({ key, rows, width, order }));
    for (const entry of all) queue.push(entry);
    return { queue, all };
  }
  const orders = (entries: readonly Queued[]) => entries.map(({ order }) => order);

  it('takes the oldest entry and those with its key that fit', () => {
    const { queue } = queueOf(['b', 2, 1], ['a', 1, 1], ['b', 5, 1], ['b', 4, 1], ['b', 2, 1]);
    expect(orders(queue.next(8, Infinity))).toEqual([0, 2]);
    expect(orders(queue.next(6, Infinity))).toEqual([0, 3]);
    expect(orders(queue.next(100, 8))).toEqual([0, 2]);
    expect(queue).toMatchObject({ length: 5, rows: 14, size: 14 });
  });

  it('takes the oldest entry whatever its size', () => {
    const { queue } = queueOf(['a', 9, 9], ['a', 1, 9]);
    expect(orders(queue.next(8, 8))).toEqual([0]);
  });

  it('removes entries from any place, and forgets unused keys', () => {
    const { queue, all } = queueOf(['a', 1, 2], ['a', 2, 2], ['b', 3, 1], ['a', 4, 2]);
    expect(queue.remove(all[1]!)).toBe(true);
    expect(queue.remove(all[1]!)).toBe(false);
    expect(orders(queue.next(100, Infinity))).toEqual([0, 3]);
    expect(queue.remove(all[0]!)).toBe(true);
    expect(orders(queue.next(100, Infinity))).toEqual([2]);
    expect(queue).toMatchObject({ length: 2, rows: 7, size: 11, empty: false });
    for (const entry of all) queue.remove(entry);
    expect(queue).toMatchObject({ length: 0, rows: 0, size: 0, empty: true });
    expect(queue.next(100, Infinity)).toEqual([]);
  });

  it('keeps the order of arrival when entries leave from any place', () => {
    const step = fc.oneof(
      fc.record({ key: fc.integer({ min: 0, max: 30 }) }),
      fc.record({ leaves: fc.nat() }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const { queue, all } = queueOf();
        let waiting: Queued[] = [];
        for (const one of steps) {
          if ('key' in one) {
            const entry = { key: `k${one.key}`, rows: 1, width: 1, order: all.length };
            all.push(entry);
            waiting.push(entry);
            queue.push(entry);
          } else if (all.length > 0) {
            const entry = all[one.leaves % all.length]!;
            expect(queue.remove(entry)).toBe(waiting.includes(entry));
            waiting = waiting.filter((other) => other !== entry);
          }
          expect([...queue.entries()]).toEqual(waiting);
          expect(queue).toMatchObject({ length: waiting.length, empty: waiting.length === 0 });
          const line = waiting.filter(({ key }) => key === waiting[0]!.key);
          expect(queue.next(1000, Infinity)).toEqual(line);
        }
      }),
    );
  });

  it('wastes at most half of the cost of rows, whatever their widths', () => {
    const width = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 3000 }));
    fc.assert(
      fc.property(fc.array(fc.tuple(width, fc.integer({ min: 1, max: 3 }))), (given) => {
        const { queue, all } = queueOf(
          ...given.map(([w, rows]): [string, number, number] => ['k', rows, w]),
        );
        const seen: number[] = [];
        while (!queue.empty) {
          const taken = queue.next(32, Infinity);
          // The oldest is always among them: nobody waits for ever.
          expect(taken[0]!.order).toBe(
            Math.min(...all.map((e) => e.order).filter((o) => !seen.includes(o))),
          );
          const rows = taken.reduce((sum, entry) => sum + entry.rows, 0);
          const widest = Math.max(...taken.map((entry) => entry.width));
          const needed = taken.reduce((sum, entry) => sum + entry.rows * (entry.width + 8), 0);
          expect(rows * (widest + 8)).toBeLessThanOrEqual(1.5 * needed);
          for (const entry of taken) {
            queue.remove(entry);
            seen.push(entry.order);
          }
        }
        expect(new Set(seen).size).toBe(given.length);
      }),
    );
  });
});
