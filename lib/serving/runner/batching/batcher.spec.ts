import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeClock, settled } from '../../../../test/helpers/fake-clock.js';
import { FakeSessions } from '../../../../test/helpers/fake-sessions.js';
import { observeRunners, type BatchEvent, type CallEvent } from '../../runtime/runner-observer.js';
import {
  RunAbortedError,
  RunFailedError,
  RunInputError,
  RunnerClosedError,
  RunnerOverloadedError,
  RunTimeoutError,
  WorkerDiedError,
} from '../errors.js';
import type { BatchCall } from './batch-call.js';
import type { BatchCodec } from './batch-codec.js';
import { Batcher } from './batcher.js';
import { BatchInputError, BatchResultError } from '../errors.js';
import { RunTimes } from './run-times.js';

/** Rows are numbers, which come back negative; the key is the sign, the width the first row. */
type Item = readonly number[];

const codec: BatchCodec<Item, Item> = {
  rows: (item) => {
    if (item.includes(NaN)) throw new BatchInputError('The item is no number', 'send numbers');
    return item.length;
  },
  key: (item) => String(Math.sign(item[0] as number)),
  merge: (items) => items.flat(),
  split: (result, rows) => {
    const values = result as number[];
    const all = rows.reduce((sum, count) => sum + count, 0);
    if (values.length !== all) throw new BatchResultError('The result has other rows');
    let at = 0;
    return rows.map((count) => values.slice(at, (at += count)));
  },
  divide: (item, maxRows) => {
    const parts: Item[] = [];
    for (let i = 0; i < item.length; i += maxRows) parts.push(item.slice(i, i + maxRows));
    return parts;
  },
  join: (outputs) => outputs.flat(),
};

const BAD = 666;
const FAILING = 667;
const KILLER = 668;

describe('Batcher', () => {
  let clock: FakeClock;
  let target: FakeSessions;
  let batcher: Batcher<Item, Item>;
  let runMs: (rows: number) => number;
  let fault: Error | undefined;
  let stopObserving: () => void;
  const batched: BatchEvent[] = [];
  const called: CallEvent[] = [];
  const shed: string[] = [];

  beforeEach(() => {
    stopObserving = observeRunners({
      batched: (event) => batched.push(event),
      called: (event) => called.push(event),
      shed: ({ reason }) => shed.push(reason),
    });
    for (const events of [batched, called, shed]) events.length = 0;
    fault = undefined;
    runMs = () => 10;
  });
  afterEach(() => stopObserving());

  function setUp(
    {
      sessions = 1,
      enabled = true,
      maxBatchSize = 8,
      maxLatencyMs = 1000,
      maxQueueSize = 100,
      known = true,
    } = {},
    ownCodec: BatchCodec<Item, Item> = codec,
  ): void {
    clock = new FakeClock();
    target = new FakeSessions(clock, sessions, {
      ms: (item) => runMs((item as number[]).length),
      result: (item) => {
        const rows = item as number[];
        if (fault !== undefined) throw fault;
        if (rows.includes(BAD)) throw new RunInputError('m:1', 'WrongIdError', 'id 666');
        if (rows.includes(FAILING)) throw new RunFailedError('m:1', 'RangeError', 'overflow');
        if (rows.includes(KILLER)) throw new WorkerDiedError('m:1', '__call__', 'SIGSEGV');
        return rows.map((row) => -row);
      },
    });
    const times = new RunTimes();
    if (known) for (const rows of [1, 8, 100]) times.record(rows, runMs(rows));
    batcher = new Batcher<Item, Item>({
      times,
      runner: 'm:1',
      method: '__call__',
      codec: ownCodec,
      batching: { enabled, maxBatchSize, maxLatencyMs, maxQueueSize },
      target,
      execute: target.execute,
      clock,
    });
    target.onFree = () => batcher.wake();
  }

  /** Submits and notes how it ended, and when. */
  function submit(...item: number[]) {
    const noted: { value?: Item; error?: Error; at?: number; call?: BatchCall<Item, Item> } = {};
    batcher
      .submit(item, (call) => (noted.call = call))
      .then(
        (value) => Object.assign(noted, { value, at: clock.now() }),
        (error: Error) => Object.assign(noted, { error, at: clock.now() }),
      );
    return noted;
  }

  /** One run of so many rows, so that its time is known. */
  async function measure(rows = 1): Promise<void> {
    submit(...Array<number>(rows).fill(1));
    await clock.pass(1000);
    target.began.length = 0;
  }

  describe('forms runs', () => {
    it('runs a lone call at once and alone', async () => {
      setUp();
      const call = submit(1);
      await clock.pass(0);
      expect(target.began).toEqual([[1]]);
      await clock.pass(10);
      expect(call).toMatchObject({ value: [-1], at: 10 });
      expect(batcher.stats).toMatchObject({ queued: 0, running: 0, completed: 1, batches: 1 });
    });

    it('combines calls that arrive together', async () => {
      setUp();
      const calls = [submit(1), submit(2, 3), submit(4)];
      await clock.pass(10);
      expect(target.began).toEqual([[1, 2, 3, 4]]);
      expect(calls.map(({ value }) => value)).toEqual([[-1], [-2, -3], [-4]]);
    });

    it('collects calls while the session is busy, and runs them when it is free', async () => {
      setUp();
      submit(1);
      await clock.pass(1);
      const later = [submit(2), submit(3)];
      await clock.pass(5);
      later.push(submit(4));
      await clock.pass(4);
      expect(target.began).toEqual([[1], [2, 3, 4]]);
      await clock.pass(10);
      expect(later.every(({ at }) => at === 20)).toBe(true);
    });

    it('runs the first call alone to learn how long runs take', async () => {
      setUp({ known: false, maxLatencyMs: 50 });
      runMs = (rows) => 10 * rows;
      const calls = Array.from({ length: 8 }, (_, index) => submit(index + 1));
      await clock.pass(100);
      expect(target.began).toEqual([[1], [2, 3], [4, 5]]);
      expect(calls.filter(({ value }) => value).every(({ at }) => at! <= 50)).toBe(true);
    });

    it('uses each session that is idle', async () => {
      setUp({ sessions: 2 });
      submit(1);
      await clock.pass(1);
      submit(2);
      await clock.pass(1);
      expect(target.began).toEqual([[1], [2]]);
    });

    it('divides a burst if the parts are as fast as the whole', async () => {
      runMs = (rows) => 10 * rows;
      setUp();
      const calls = Array.from({ length: 8 }, (_, index) => submit(index + 1));
      await clock.pass(80);
      expect(target.began).toEqual([
        [1, 2, 3, 4],
        [5, 6, 7, 8],
      ]);
      expect(calls.map(({ at }) => at)).toEqual([40, 40, 40, 40, 80, 80, 80, 80]);
    });

    it('divides a burst among idle sessions only if each part is then shorter', async () => {
      runMs = (rows) => 10 * rows;
      setUp({ sessions: 4 });
      for (let i = 1; i <= 8; i++) submit(i);
      await clock.pass(20);
      expect(target.began).toEqual([
        [1, 2],
        [3, 4],
        [5, 6],
        [7, 8],
      ]);
      runMs = () => 10;
      setUp({ sessions: 4 });
      for (let i = 1; i <= 8; i++) submit(i);
      await clock.pass(20);
      expect(target.began).toEqual([[1, 2, 3, 4, 5, 6, 7, 8]]);
    });

    it('keeps a runner busy if callers return after each answer', async () => {
      runMs = (rows) => 2 + 10 * rows;
      setUp({ maxBatchSize: 64, maxLatencyMs: 10_000 });
      let answered = 0;
      const caller = async (): Promise<void> => {
        for (;;) {
          await batcher.submit([1]);
          answered++;
          await new Promise<void>((resolve) => clock.setTimeout(resolve, 20));
        }
      };
      for (let i = 0; i < 16; i++) void caller();
      await clock.pass(20_000);
      // A caller's own 20 ms would be lost in every round of 162 ms.
      expect(answered).toBeGreaterThan(0.95 * (20_000 / (162 / 16)));
    });

    it('counts rows, not calls', async () => {
      setUp();
      submit(0);
      await clock.pass(1);
      submit(1, 2, 3);
      submit(4, 5, 6);
      submit(7, 8, 9);
      submit(10, 11);
      await clock.pass(30);
      expect(target.began.slice(1)).toEqual([
        [1, 2, 3, 4, 5, 6, 10, 11],
        [7, 8, 9],
      ]);
      expect(batcher.stats).toMatchObject({ batches: 3, rows: 12, largest: 8 });
    });

    it('hands over only a full run before the last one is answered', async () => {
      setUp();
      submit(1);
      await clock.pass(1);
      for (let i = 0; i < 7; i++) submit(2);
      await clock.pass(1);
      expect(target.room).toBe(1);
      submit(3);
      await clock.pass(1);
      expect(target.room).toBe(0);
      expect(target.began).toEqual([[1]]);
      await clock.pass(7);
      expect(target.began[1]).toHaveLength(8);
    });

    it('serves keys separately, the oldest call first', async () => {
      setUp();
      submit(1);
      await clock.pass(1);
      for (const row of [-1, 2, -2, 3, 4, -3]) submit(row);
      await clock.pass(30);
      expect(target.began.slice(1)).toEqual([
        [-1, -2, -3],
        [2, 3, 4],
      ]);
    });

    it('runs a larger call in parts and answers it whole', async () => {
      setUp({ sessions: 2 });
      const rows = Array.from({ length: 20 }, (_, index) => index + 1);
      const call = submit(...rows);
      const small = submit(21);
      await clock.pass(30);
      expect(call.value).toEqual(rows.map((row) => -row));
      expect(small.value).toEqual([-21]);
      expect(target.began.map((run) => (run as Item).length)).toEqual([8, 8, 5]);
      expect(batcher.stats).toMatchObject({ completed: 2, rows: 21 });
    });

    it('does not let a long row share a run with short ones', async () => {
      const widths = { ...codec, key: () => 'all', width: (item: Item) => item[0]! };
      setUp({ maxBatchSize: 100, maxLatencyMs: 60_000 }, widths);
      submit(1);
      await clock.pass(1);
      const short = Array.from({ length: 9 }, (_, index) => 10 + index);
      for (const width of [12, 1000, ...short, 900]) submit(width);
      await clock.pass(30);
      expect(target.began.slice(1)).toEqual([
        [12, ...short],
        [1000, 900],
      ]);
    });

    it('runs each call alone if batching is off', async () => {
      setUp({ enabled: false });
      submit(...Array<number>(20).fill(1));
      submit(1);
      submit(2);
      await clock.pass(30);
      expect(target.began.map((run) => (run as Item).length)).toEqual([20, 1, 1]);
    });

    it('reports each run and each call to observers', async () => {
      setUp();
      submit(1);
      await clock.pass(4);
      submit(2, 3);
      submit(4);
      await clock.pass(20);
      const method = { runner: 'm:1', method: '__call__' };
      expect(batched).toEqual([
        { ...method, rows: 1, calls: 1, runMs: 10 },
        { ...method, rows: 3, calls: 2, runMs: 10 },
      ]);
      expect(called).toEqual([
        { ...method, waitMs: 0, runMs: 10, outcome: 'ok' },
        { ...method, waitMs: 6, runMs: 10, outcome: 'ok' },
        { ...method, waitMs: 6, runMs: 10, outcome: 'ok' },
      ]);
    });
  });

  describe('refuses', () => {
    it('an item without rows, and one that the codec refuses, alone', async () => {
      setUp();
      const calls = [submit(1), submit(), submit(NaN), submit(2)];
      await clock.pass(10);
      expect(calls[1]!.error).toBeInstanceOf(BatchInputError);
      expect(calls[1]!.error?.message).toContain('no rows');
      expect(calls[2]!.error?.message).toContain('no number');
      expect([calls[0]!.value, calls[3]!.value]).toEqual([[-1], [-2]]);
      expect(batcher.stats).toMatchObject({ completed: 2, rejected: 2 });
    });

    it('calls beyond maxQueueSize, at once', async () => {
      setUp({ maxQueueSize: 5 });
      submit(1);
      await clock.pass(1);
      const waiting = [submit(1, 2, 3), submit(4, 5)];
      const refused = submit(6);
      await settled();
      expect(refused.error).toBeInstanceOf(RunnerOverloadedError);
      expect(refused).toMatchObject({ error: { retryAfterSeconds: 1 }, at: 1 });
      expect(refused.error?.message).toContain('5 rows wait');
      await clock.pass(30);
      expect(waiting.map(({ value }) => value?.length)).toEqual([3, 2]);
      expect(shed).toEqual(['queue']);
      expect(batcher.stats).toMatchObject({ shed: 1, completed: 3 });
    });

    it('future calls, before they have an item', async () => {
      setUp({ maxQueueSize: 3 });
      const { admission } = batcher;
      admission.check(0);
      submit(1);
      await clock.pass(1);
      submit(2);
      const places = [admission.hold(1), admission.hold(1)];
      expect(() => admission.hold(1)).toThrow(/1 rows wait; try again in 1 s/);
      expect(() => admission.check(1)).toThrow(RunnerOverloadedError);
      places[0]!();
      places[0]!();
      admission.check(1);
      admission.hold(1);
      expect(() => admission.check(1)).toThrow(RunnerOverloadedError);
      expect(batcher.stats.shed).toBe(3);
      expect(shed).toEqual(['queue', 'queue', 'queue']);
    });

    it('nobody for long because of a call that does not arrive', async () => {
      setUp({ maxQueueSize: 2 });
      runMs = () => 500;
      const { admission } = batcher;
      submit(1);
      await clock.pass(1);
      submit(2);
      admission.hold(1);
      expect(() => admission.check(1)).toThrow(RunnerOverloadedError);
      await clock.pass(100);
      admission.check(101);
      expect(admission.shed).toBe(1);
    });

    it('future calls that could not be in time', async () => {
      setUp({ maxBatchSize: 1, maxLatencyMs: 5000, known: false });
      runMs = () => 1000;
      await measure();
      const { admission } = batcher;
      const now = clock.now();
      for (let i = 0; i < 4; i++) admission.hold(now);
      expect(() => admission.hold(now)).toThrow(/maxLatencyMs is 5000; try again in \d s/);
      // Who came long ago has less time left.
      await clock.pass(150);
      for (let i = 0; i < 3; i++) submit(i);
      expect(() => admission.check(clock.now() - 3000)).toThrow(RunnerOverloadedError);
      admission.check(clock.now());
    });

    it('future calls that will be as wide as recent ones, although none waits', async () => {
      const widths = { ...codec, width: (item: Item) => item[0]! };
      setUp({ maxBatchSize: 1, maxLatencyMs: 600, known: false }, widths);
      const run = async (width: number, ms: number): Promise<void> => {
        runMs = () => ms;
        submit(width);
        await clock.pass(ms);
      };
      for (let i = 0; i < 20; i++) await run(2, 10);
      submit(2);
      await clock.pass(0);
      batcher.admission.check(clock.now());
      await clock.pass(10);

      for (let i = 0; i < 20; i++) await run(500, 400);
      submit(500);
      await clock.pass(0);
      expect(batcher.stats).toMatchObject({ queued: 0, running: 1 });
      expect(() => batcher.admission.check(clock.now())).toThrow(RunnerOverloadedError);
    });

    it('calls that could not be in time at once, and says when to retry', async () => {
      setUp({ maxBatchSize: 1, maxLatencyMs: 5000, known: false });
      runMs = () => 1000;
      await measure();
      const calls = [1, 2, 3, 4, 5, 6].map((row) => submit(row));
      await clock.pass(0);
      // A run is taken to last up to a fifth longer than the last ones.
      expect(calls.flatMap(({ error }, index) => (error ? [index] : []))).toEqual([4, 5]);
      expect(calls[5]!.error).toMatchObject({ retryAfterSeconds: 6 });
      await clock.pass(5000);
      expect(calls.slice(0, 4).every(({ at, value }) => value && at! <= 6000)).toBe(true);
      expect(shed).toEqual(['latency', 'latency']);
    });

    it('nothing on account of an estimate before the first run', async () => {
      setUp({ maxLatencyMs: 50, maxQueueSize: 1000, known: false });
      const calls = Array.from({ length: 500 }, () => submit(1));
      await clock.pass(0);
      expect(calls.filter(({ error }) => error)).toEqual([]);
      await clock.pass(50);
      const served = calls.filter(({ value }) => value);
      expect(served.length).toBeGreaterThanOrEqual(5);
      expect(calls.filter(({ error }) => error instanceof RunnerOverloadedError)).toHaveLength(
        500 - served.length,
      );
      expect(served.every(({ at }) => at! <= 50)).toBe(true);
    });

    it('waiting calls whose deadline has passed, before they run', async () => {
      setUp({ maxLatencyMs: 30 });
      runMs = (rows) => (rows === 1 ? 100 : 10);
      submit(1);
      await clock.pass(1);
      const late = submit(2, 3);
      await clock.pass(30);
      expect(late.error).toBeInstanceOf(RunnerOverloadedError);
      expect(late).toMatchObject({ at: 31 });
      await clock.pass(200);
      expect(target.began).toEqual([[1]]);
      expect(shed).toEqual(['overdue']);
    });

    it('an answer that is late because its run took longer than earlier ones', async () => {
      setUp({ maxLatencyMs: 100 });
      const first = submit(1);
      await clock.pass(1);
      runMs = () => 150;
      const late = [submit(2), submit(3, 4)];
      await clock.pass(200);
      expect(first.value).toEqual([-1]);
      expect(target.began).toEqual([[1], [2, 3, 4]]);
      for (const call of late) {
        expect(call.error).toBeInstanceOf(RunnerOverloadedError);
        expect(call).toMatchObject({ at: 160 });
      }
      expect(shed).toEqual(['overdue', 'overdue']);
      // A call that comes to an idle runner is answered all the same.
      const alone = submit(5);
      await clock.pass(150);
      expect(alone.value).toEqual([-5]);
      expect(batcher.stats).toMatchObject({ queued: 0, running: 0, completed: 2, shed: 2 });
    });

    it('counts the time that a call took to arrive', async () => {
      setUp({ maxLatencyMs: 100 });
      await measure();
      runMs = () => 60;
      submit(1);
      await clock.pass(1);
      const arrivedAt = clock.now() - 95;
      const late = batcher.submit([2], undefined, arrivedAt).catch((error: unknown) => error);
      await settled();
      expect(await late).toBeInstanceOf(RunnerOverloadedError);
    });

    it('serves calls to an idle runner whatever the estimate', async () => {
      setUp({ maxLatencyMs: 100 });
      runMs = () => 500;
      for (let i = 0; i < 3; i++) {
        const call = submit(1);
        await clock.pass(500);
        expect(call.value).toEqual([-1]);
      }
      runMs = () => 10;
      const call = submit(1);
      await clock.pass(10);
      expect(call.value).toEqual([-1]);
    });

    it('makes runs smaller if full ones would take too long', async () => {
      setUp({ maxBatchSize: 64, maxLatencyMs: 100, maxQueueSize: 1000, known: false });
      runMs = (rows) => 5 + 2 * rows;
      const calls: ReturnType<typeof submit>[] = [];
      for (let ms = 0; ms < 3000; ms++) {
        calls.push(submit(1), submit(1), submit(1));
        await clock.pass(1);
      }
      await clock.pass(1000);
      const served = calls.slice(600).filter(({ value }) => value);
      const rows = target.began.slice(-10).map((run) => (run as Item).length);
      expect(Math.max(...rows)).toBeLessThanOrEqual(20);
      // The best that runs of this length can do is one row in 2.3 ms.
      expect(served.length).toBeGreaterThan(0.85 * (2800 / 2.3));
      expect(served.every(({ at, call }) => at! - call!.arrivedAt <= 100)).toBe(true);
    });

    it('keeps up its throughput under ten times the load, and serves as usual afterwards', async () => {
      setUp({ maxBatchSize: 10, maxLatencyMs: 100, maxQueueSize: 1000 });
      runMs = (rows) => 5 + rows / 2;
      // A full run lasts 10 ms: 1 row/ms at most.
      const calls: ReturnType<typeof submit>[] = [];
      for (let ms = 0; ms < 2000; ms++) {
        for (let i = 0; i < 10; i++) calls.push(submit(1));
        await clock.pass(1);
      }
      await clock.pass(200);
      const served = calls.filter(({ value }) => value);
      expect(served.length).toBeGreaterThan(0.95 * 2000);
      expect(served.every(({ at, call }) => at! - call!.arrivedAt <= 100)).toBe(true);
      const refused = calls.filter(({ error }) => error);
      expect(refused.length + served.length).toBe(calls.length);
      expect(refused.every(({ error }) => error instanceof RunnerOverloadedError)).toBe(true);
      // Nearly all of them at once, not after a wait in vain.
      expect(shed.filter((reason) => reason === 'overdue').length).toBeLessThan(0.02 * shed.length);
      const next = submit(1);
      await clock.pass(6);
      expect(next.value).toEqual([-1]);
      expect(batcher.stats).toMatchObject({ queued: 0, queuedRows: 0, running: 0 });
    });

    it('learns that runs have become shorter, and longer', async () => {
      setUp({ maxBatchSize: 10, maxLatencyMs: 100, maxQueueSize: 1000 });
      const servedIn = async (ms: number): Promise<number> => {
        const before = batcher.stats.completed;
        for (let i = 0; i < ms; i++) {
          for (let k = 0; k < 5; k++) submit(1);
          await clock.pass(1);
        }
        return batcher.stats.completed - before;
      };
      runMs = (rows) => 4 * rows;
      expect(await servedIn(1000)).toBeGreaterThan(0.8 * 250);
      runMs = () => 10;
      await servedIn(300);
      expect(await servedIn(1000)).toBeGreaterThan(0.9 * 1000);
      runMs = (rows) => 4 * rows;
      await servedIn(300);
      expect(await servedIn(1000)).toBeGreaterThan(0.8 * 250);
    });
  });

  describe('contains failures', () => {
    it.each([
      ['an input error', BAD, RunInputError],
      ['a failure of the model', FAILING, RunFailedError],
      ['the death of a worker', KILLER, WorkerDiedError],
    ])('fails one of sixteen calls alone: %s', async (_, row, kind) => {
      setUp({ maxBatchSize: 16 });
      const calls = Array.from({ length: 16 }, (_, index) => submit(index === 5 ? row : index + 1));
      await clock.pass(1000);
      expect(calls[5]!.error).toBeInstanceOf(kind);
      calls.forEach((call, index) => {
        if (index !== 5) expect(call.value).toEqual([-(index + 1)]);
      });
      expect(batcher.stats).toMatchObject({ completed: 15, queued: 0, running: 0 });
    });

    it('finds one bad item among a hundred without running each', async () => {
      setUp({ maxBatchSize: 100 });
      for (let i = 0; i < 100; i++) submit(i === 41 ? BAD : 1);
      await clock.pass(1000);
      expect(target.began.length).toBeLessThanOrEqual(16);
    });

    it('does not kill two workers for the same item, except for the one that must fail', async () => {
      setUp({ maxBatchSize: 8 });
      for (let i = 0; i < 8; i++) submit(i === 3 ? KILLER : 1);
      await clock.pass(1000);
      expect(target.began.filter((run) => (run as Item).includes(KILLER))).toHaveLength(2);
    });

    it('does not let calls wait behind a repeated run', async () => {
      setUp({ maxBatchSize: 2 });
      submit(1);
      await clock.pass(1);
      for (const row of [2, KILLER, 3, 4, 5, 6, 7, 8]) submit(row);
      // Whenever the killer runs alone, the mailbox behind it is empty.
      let alone = 0;
      for (let ms = 0; ms < 100; ms++) {
        await clock.pass(1);
        const last = target.began.at(-1) as Item;
        if (target.idle > 0 || last.length > 1 || last[0] !== KILLER) continue;
        alone++;
        expect(target.room).toBe(1);
      }
      expect(alone).toBeGreaterThan(5);
      expect(batcher.stats).toMatchObject({ completed: 8, failed: 1 });
    });

    it('does not repeat a call that failed alone', async () => {
      setUp();
      const call = submit(FAILING);
      await clock.pass(100);
      expect(call.error).toMatchObject({ message: 'overflow' });
      expect(target.began).toEqual([[FAILING]]);
    });

    it('fails all calls at once if no item is at fault', async () => {
      setUp();
      fault = new RunnerClosedError('m:1');
      const calls = [submit(1), submit(2)];
      await clock.pass(100);
      expect(calls.map(({ error }) => error)).toEqual([fault, fault]);
      expect(target.began).toHaveLength(1);
    });

    it('fails the calls of a run if its result has a wrong number of rows', async () => {
      setUp({}, { ...codec, merge: (items) => (items.length > 1 ? [1] : items.flat()) });
      const calls = [submit(1), submit(2)];
      await clock.pass(100);
      expect(calls.every(({ error }) => error instanceof BatchResultError)).toBe(true);
      const next = submit(3);
      await clock.pass(10);
      expect(next.value).toEqual([-3]);
    });

    it('fails a call whole when one of its parts fails, and runs no further part', async () => {
      setUp({ maxBatchSize: 2 });
      const call = submit(1, 2, BAD, 3, 4, 5, 6, 7);
      await clock.pass(100);
      expect(call.error).toBeInstanceOf(RunInputError);
      expect(target.began.length).toBeLessThanOrEqual(3);
      expect(batcher.stats).toMatchObject({ queuedRows: 0, rejected: 1 });
    });

    it('runs repeated calls before later ones', async () => {
      setUp({ maxBatchSize: 4 });
      submit(1);
      await clock.pass(1);
      for (const row of [2, BAD, 3, 4]) submit(row);
      await clock.pass(20);
      submit(5);
      await clock.pass(100);
      expect(target.began.slice(2)).toEqual([[2, BAD], [2], [BAD], [3, 4], [5]]);
    });
  });

  describe('gives calls up', () => {
    const gone = new RunAbortedError('m:1', '__call__');

    it('that wait: they are not run', async () => {
      setUp();
      submit(1);
      await clock.pass(1);
      const calls = [submit(2), submit(3), submit(4)];
      batcher.abandon(calls[1]!.call!, gone);
      await settled();
      expect(calls[1]).toMatchObject({ error: gone, at: 1 });
      expect(batcher.stats).toMatchObject({ queued: 2, queuedRows: 2, abandoned: 1 });
      await clock.pass(20);
      expect(target.began[1]).toEqual([2, 4]);
    });

    it('that run with others: the others are answered', async () => {
      setUp();
      const calls = [submit(1), submit(2)];
      await clock.pass(1);
      batcher.abandon(calls[0]!.call!, gone);
      await clock.pass(10);
      expect(calls[0]!.error).toBe(gone);
      expect(calls[1]!.value).toEqual([-2]);
      expect(target.abandoned).toBe(0);
    });

    it('that are all of a run: the run is given up', async () => {
      setUp();
      const calls = [submit(1), submit(2)];
      await clock.pass(1);
      for (const { call } of calls) {
        batcher.abandon(call!, new RunTimeoutError('m:1', '__call__', 1));
      }
      expect(target.abandoned).toBe(1);
      await clock.pass(100);
      expect(target.began).toHaveLength(1);
      expect(batcher.stats).toMatchObject({ running: 0, abandoned: 2, failed: 0 });
    });

    it('once: an answered call stays answered', async () => {
      setUp();
      const call = submit(1);
      await clock.pass(10);
      batcher.abandon(call.call!, gone);
      expect(call.value).toEqual([-1]);
      expect(batcher.stats).toMatchObject({ completed: 1, abandoned: 0 });
    });
  });

  it('closes: refuses waiting, running and new calls', async () => {
    setUp();
    const calls = [submit(1)];
    await clock.pass(1);
    calls.push(submit(2));
    const idle = batcher.idle();
    const closed = new RunnerClosedError('m:1');
    batcher.close(closed);
    calls.push(submit(3));
    await clock.pass(20);
    await idle;
    expect(calls.every(({ error }) => error === closed)).toBe(true);
    expect(clock.pending).toBe(0);
  });

  it('leaves no timer behind', async () => {
    setUp();
    const calls = [submit(1), submit(2, 3)];
    await clock.pass(10);
    expect(calls.every(({ value }) => value)).toBe(true);
    expect(clock.pending).toBe(0);
  });
});
