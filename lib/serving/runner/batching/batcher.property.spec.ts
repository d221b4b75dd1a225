import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../../../test/helpers/fake-clock.js';
import { FakeSessions } from '../../../../test/helpers/fake-sessions.js';
import {
  RunAbortedError,
  RunFailedError,
  RunInputError,
  RunnerClosedError,
  RunnerOverloadedError,
  WorkerDiedError,
} from '../errors.js';
import type { BatchCall } from './batch-call.js';
import type { BatchCodec } from './batch-codec.js';
import { Batcher } from './batcher.js';
import { BatchInputError } from '../errors.js';

/** A row knows whose it is, and how long; padding must never come back. */
interface Row {
  readonly call: number;
  readonly row: number;
  readonly width: number;
}

type Health = 'good' | 'input' | 'fails' | 'kills';

interface Item {
  readonly key: string;
  readonly health: Health;
  readonly rows: readonly Row[];
}

type Output = readonly string[];

interface Merged {
  readonly items: readonly Item[];
  readonly width: number;
}

const rowText = ({ call, row, width }: Row): string => `${call}.${row}:${width}`;

const codec: BatchCodec<Item, Output> = {
  rows: ({ rows }) => rows.length,
  key: ({ key }) => key,
  width: ({ rows }) => rows[0]?.width ?? 1,
  merge: (items): Merged => ({
    items,
    width: Math.max(...items.map(({ rows }) => (rows[0] as Row).width)),
  }),
  split: (result, rows) => {
    let at = 0;
    return rows.map((count) => (result as string[]).slice(at, (at += count)));
  },
  divide: (item, maxRows) => {
    const parts: Item[] = [];
    for (let i = 0; i < item.rows.length; i += maxRows) {
      parts.push({ ...item, rows: item.rows.slice(i, i + maxRows) });
    }
    return parts;
  },
  join: (outputs) => outputs.flat(),
};

const arrival = fc.record({
  after: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 40 })),
  rows: fc.oneof(fc.integer({ min: 0, max: 4 }), fc.integer({ min: 0, max: 40 })),
  key: fc.constantFrom('a', 'a', 'a', 'b', 'c'),
  width: fc.oneof(fc.integer({ min: 1, max: 30 }), fc.constantFrom(1, 500)),
  health: fc.constantFrom<Health>(
    'good',
    'good',
    'good',
    'good',
    'good',
    'input',
    'fails',
    'kills',
  ),
  /** Milliseconds after which the caller leaves. */
  leaves: fc.option(fc.integer({ min: 0, max: 80 }), { nil: undefined, freq: 3 }),
  /** How long it took to get here. */
  age: fc.constantFrom(0, 0, 0, 30, 2000),
});

const scenario = fc.record({
  sessions: fc.integer({ min: 1, max: 3 }),
  enabled: fc.constantFrom(true, true, true, false),
  maxBatchSize: fc.integer({ min: 1, max: 12 }),
  maxLatencyMs: fc.constantFrom(20, 100, 100_000),
  maxQueueSize: fc.constantFrom(5, 50, 1000),
  perRun: fc.integer({ min: 0, max: 30 }),
  perCell: fc.constantFrom(0, 0.01, 0.5),
  jitter: fc.array(fc.integer({ min: 0, max: 20 }), { minLength: 1, maxLength: 7 }),
  /** At which of the runs every one of its calls fails, whatever is in it. */
  outage: fc.option(fc.integer({ min: 0, max: 20 }), { nil: undefined }),
  arrivals: fc.array(arrival, { maxLength: 60 }),
});

describe('Batcher, whatever happens', () => {
  it('answers each call once, with its own rows, and keeps no state', async () => {
    await fc.assert(
      fc.asyncProperty(scenario, async (given) => {
        const { sessions, enabled, maxBatchSize, maxLatencyMs, maxQueueSize, arrivals } = given;
        const clock = new FakeClock();
        let runs = 0;
        const target = new FakeSessions(clock, sessions, {
          ms: (merged) => {
            const { items, width } = merged as Merged;
            const rows = items.reduce((sum, item) => sum + item.rows.length, 0);
            const jitter = given.jitter[runs % given.jitter.length] as number;
            return given.perRun + given.perCell * rows * width + jitter;
          },
          result: (merged) => {
            const { items } = merged as Merged;
            const health = items.map((item) => item.health);
            if (runs++ === given.outage) throw new RunnerClosedError('m:1');
            if (health.includes('kills')) throw new WorkerDiedError('m:1', 'f', 'killed');
            if (health.includes('fails')) throw new RunFailedError('m:1', 'Error', 'failed');
            if (health.includes('input')) throw new RunInputError('m:1', 'Error', 'input');
            return items.flatMap(({ rows }) => rows.map(rowText));
          },
        });
        const batcher = new Batcher<Item, Output>({
          runner: 'm:1',
          method: 'f',
          codec,
          batching: { enabled, maxBatchSize, maxLatencyMs, maxQueueSize },
          target,
          execute: target.execute,
          clock,
        });
        target.onFree = () => batcher.wake();

        const ends: { value?: Output; error?: Error; at?: number }[][] = [];
        const begun: BatchCall<Item, Output>[] = [];
        const items: Item[] = [];
        for (const [call, { after, rows, key, width, health, leaves, age }] of arrivals.entries()) {
          await clock.pass(after);
          const noted: { value?: Output; error?: Error; at?: number }[] = [];
          ends.push(noted);
          const item: Item = {
            key,
            health,
            rows: Array.from({ length: rows }, (_, row) => ({ call, row, width })),
          };
          items.push(item);
          const started = (own: BatchCall<Item, Output>): void => {
            begun[call] = own;
            const leave = (): void => batcher.abandon(own, new RunAbortedError('m:1', 'f'));
            if (leaves !== undefined) clock.setTimeout(leave, leaves);
          };
          batcher.submit(item, started, clock.now() - age).then(
            (value) => noted.push({ value, at: clock.now() }),
            (error: Error) => noted.push({ error }),
          );
        }
        await clock.pass(1e9);

        for (const [call, noted] of ends.entries()) {
          const item = items[call] as Item;
          expect(noted).toHaveLength(1);
          const { value, error, at } = noted[0]!;
          if (value !== undefined) {
            expect(item.health).toBe('good');
            expect(value).toEqual(item.rows.map(rowText));
            // In time, but for one that found an idle runner.
            const { certain, deadline } = begun[call]!;
            if (!certain) expect(at).toBeLessThanOrEqual(deadline);
            continue;
          }
          const own = {
            good: [],
            input: [RunInputError],
            fails: [RunFailedError],
            kills: [WorkerDiedError],
          }[item.health];
          const possible = [
            ...own,
            RunnerOverloadedError,
            ...((arrivals[call] as { leaves?: number }).leaves === undefined
              ? []
              : [RunAbortedError]),
            ...(given.outage === undefined ? [] : [RunnerClosedError]),
            ...(item.rows.length === 0 ? [BatchInputError] : []),
          ];
          expect(possible).toContain((error as Error).constructor);
        }
        // No run is larger than allowed, mixes keys, or holds a call that asked for another one's
        // company.
        for (const merged of target.began) {
          const { items: together } = merged as Merged;
          const rows = together.reduce((sum, item) => sum + item.rows.length, 0);
          if (enabled) expect(rows).toBeLessThanOrEqual(maxBatchSize);
          else expect(together).toHaveLength(1);
          expect(new Set(together.map(({ key }) => key)).size).toBe(1);
          expect(rows).toBeGreaterThan(0);
        }
        expect(target.most).toBeLessThanOrEqual(2 * sessions);
        const stats = batcher.stats;
        expect(stats).toMatchObject({ queued: 0, queuedRows: 0, running: 0 });
        expect(stats.completed + stats.rejected + stats.failed + stats.abandoned + stats.shed).toBe(
          arrivals.length,
        );
        expect(clock.pending).toBe(0);
        await batcher.idle();
      }),
      { numRuns: 800 },
    );
  });
});
