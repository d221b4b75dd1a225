import { InputError } from '../../../learner/errors/index.js';
import { tellObservers } from '../../runtime/runner-observer.js';
import { BatchAdmission } from './batch-admission.js';
import { BatchCall, batchOf, type Batch, type BatchWaiting, type Entry } from './batch-call.js';
import { readItem, type BatchCodec, type ReadItem } from './batch-codec.js';
import { BatchQueue } from './batch-queue.js';
import type { BatchTarget, StartedRun } from './batch-target.js';
import type { ResolvedBatching } from './batching-options.js';
import { CallLedger, type BatchStats, type CallEnd } from './call-ledger.js';
import { systemClock, type Clock } from './clock.js';
import { DeadlineAlarm } from './deadline-alarm.js';
import { queueMs, type Load } from './forecast.js';
import { ownFault, partsOf } from './retry.js';
import { RunPlanner, type PlannedRun } from './run-planner.js';
import { RunTimes } from './run-times.js';

export interface BatcherOptions<Item, Output> {
  readonly runner: string;
  readonly method: string;
  readonly codec: BatchCodec<Item, Output>;
  readonly batching: Omit<ResolvedBatching, 'padding'>;
  readonly target: Pick<BatchTarget, 'sessions' | 'idle' | 'room'>;
  /**
   * Runs a merged item. The counts of the target have changed when it returns. `own`: the item's
   * memory may be transferred. `started` is called at once with a function that abandons the run.
   */
  execute(item: unknown, own: boolean, started: StartedRun): Promise<unknown>;
  readonly clock?: Clock;
  /**
   * The facts about the runs that are known in advance. @default nothing: the first call runs alone
   */
  readonly times?: RunTimes;
}

/**
 * Combines calls into runs. Runs form while all sessions are busy: a call to an idle runner runs at
 * once, and no call waits for others to join it. Nothing polls: the batcher acts only when a call
 * arrives or leaves, a run is answered, {@link wake} is called, or the first deadline of the
 * waiting calls passes.
 */
export class Batcher<Item, Output> {
  readonly #queue = new BatchQueue<Entry<Item, Output>>();
  /** A session has few of them. */
  readonly #running: Batch<Item, Output>[] = [];
  readonly #calls: CallLedger<Item, Output>;
  readonly admission: BatchAdmission;
  readonly #load: Load;
  readonly #clock: Clock;
  readonly #alarm: DeadlineAlarm;
  readonly #planner: RunPlanner<Item, Output>;
  #order = 0;
  #deferred = false;
  #closed: Error | undefined;

  constructor(private readonly options: BatcherOptions<Item, Output>) {
    const { runner, method, batching, target } = options;
    const { clock = systemClock, times = new RunTimes() } = options;
    this.#clock = clock;
    const load: Load = {
      times,
      queue: this.#queue as BatchQueue<never>,
      running: this.#running as unknown as readonly Batch<never, never>[],
      target,
      maxRows: batching.enabled ? batching.maxBatchSize : undefined,
      maxLatencyMs: batching.maxLatencyMs,
    };
    this.#load = load;
    this.admission = new BatchAdmission({ runner, method, batching, load, clock });
    this.#calls = new CallLedger({ runner, method, emptied: () => this.#alarm.clear() });
    this.#alarm = new DeadlineAlarm(clock, (now) => this.#nextDeadline(now));
    this.#planner = new RunPlanner({
      queue: this.#queue,
      running: this.#running,
      load,
      target,
      batching,
      shed: (call) => this.#shed(call),
    });
  }

  get stats(): BatchStats {
    const { calls, counts } = this.#calls;
    const running = [...calls].filter((call) => call.running).length;
    return {
      queued: calls.size - running,
      queuedRows: this.#queue.rows,
      running,
      ...counts,
      shed: this.admission.shed,
    };
  }

  /** {@link queue}, for a caller that waits for a promise. */
  submit(
    item: Item,
    started?: (call: BatchCall<Item, Output>) => void,
    arrivedAt?: number,
  ): Promise<Output> {
    return new Promise((resolve, reject) => {
      this.queue(item, { resolve, reject }, started, arrivedAt);
    });
  }

  /**
   * Runs an item together with others. `started` immediately gets the call, so that the caller can
   * {@link abandon} it.
   *
   * @param arrivedAt When it arrived, on the batcher's clock. `maxLatencyMs` counts from then.
   * @throws InputError when the item cannot be batched.
   * @throws RunnerOverloadedError if too many rows are waiting, or it could not be answered in
   * time.
   */
  queue(
    item: Item,
    waiting: BatchWaiting<Output>,
    started?: (call: BatchCall<Item, Output>) => void,
    arrivedAt = this.#clock.now(),
  ): void {
    if (this.#closed !== undefined) throw this.#closed;
    const { codec, batching } = this.options;
    let read: ReadItem<Item>;
    try {
      read = readItem(codec, item, this.#load.maxRows);
    } catch (error) {
      this.#calls.counts[error instanceof InputError ? 'rejected' : 'failed']++;
      throw error;
    }
    const { rows, key, width, parts } = read;
    const now = this.#clock.now();
    const deadline = arrivedAt + batching.maxLatencyMs;
    const certain = this.admission.admit(rows, width, deadline, now);
    const call = new BatchCall<Item, Output>(now, deadline, certain, codec, waiting);
    this.#calls.calls.add(call);
    parts.forEach((part, index) => {
      const entry: Entry<Item, Output> = {
        call,
        part: index,
        item: part,
        rows: parts.length === 1 ? rows : codec.rows(part),
        key,
        width,
        order: this.#order++,
        waiting: false,
        batch: undefined,
      };
      call.add(entry);
      this.#queue.push(entry);
    });
    started?.(call);
    this.#alarm.set(deadline);
    this.#pumpSoon();
  }

  /** Abandons a call. It costs nothing from now on, and nothing at all if it had not started. */
  abandon(call: BatchCall<Item, Output>, error: Error): void {
    this.#end(call, error, 'abandoned');
  }

  wake(): void {
    // The answer of the session's last run is on its way, and counts for the next one.
    queueMicrotask(() => this.#pump());
  }

  idle(): Promise<void> {
    return this.#calls.idle();
  }

  close(error: Error): void {
    this.#closed ??= error;
    for (const call of this.#calls.calls) this.#end(call, error, 'failed');
  }

  /** Waits until calls that arrive together have all arrived, so that they share a run. */
  #pumpSoon(): void {
    if (this.#deferred) return;
    this.#deferred = true;
    this.#clock.defer(() => {
      this.#deferred = false;
      this.#pump();
    });
  }

  #pump(): void {
    for (;;) {
      const now = this.#clock.now();
      this.#dropOverdue(now);
      const next = this.#planner.next(now);
      if (next === undefined) return;
      this.#start(next);
    }
  }

  #start({ entries, again }: PlannedRun<Item, Output>): void {
    const { codec, target, execute } = this.options;
    const now = this.#clock.now();
    const free = target.idle > 0 || this.#running.length === 0;
    const batch = batchOf(entries, again, now, free);
    this.#running.push(batch);
    let result: Promise<unknown>;
    try {
      const merged = codec.merge(entries.map(({ item }) => item));
      const own = codec.copies === true && entries.length > 1;
      result = execute(merged, own, (abandon, run) => {
        batch.abandon = abandon;
        batch.run = run;
        if (run !== undefined && entries.some(({ call }) => call.trace !== undefined)) {
          run.traced = true;
        }
      });
    } catch (error) {
      result = Promise.reject(error as Error);
    }
    result.then(
      (value) => this.#answered(batch, value),
      (error: Error) => this.#failed(batch, error),
    );
  }

  #answered(batch: Batch<Item, Output>, value: unknown): void {
    const { runner, method, codec } = this.options;
    const { entries, rows } = batch;
    const now = this.#clock.now();
    const runMs = now - (batch.startedAt ?? batch.postedAt);
    this.#load.times.record(batch.size, runMs);
    this.#calls.ran(rows);
    tellObservers('batched', { runner, method, rows, calls: entries.length, runMs });
    // The session gets its next run before this one is split.
    this.#leave(batch, now);
    let outputs: Output[];
    try {
      outputs = codec.split(
        value,
        entries.map((entry) => entry.rows),
        entries.map((entry) => entry.item),
      );
    } catch (error) {
      for (const { call } of entries) this.#end(call, error as Error, 'failed');
      return;
    }
    const answeredAt = this.#clock.now();
    entries.forEach(({ call, part }, index) => {
      // A caller with a deadline has no use for a late answer, and must not take it for a timely
      // one.
      if (answeredAt > call.deadline && !call.certain && !call.settled) this.#shed(call);
      if (!call.take(part, outputs[index] as Output)) return;
      this.#calls.ended(call, 'ok', { batch, now });
    });
  }

  #failed(batch: Batch<Item, Output>, error: Error): void {
    const wanted = batch.entries.filter(({ call }) => !call.settled);
    if (batch.entries.length > 1 && ownFault(error)) {
      for (const entry of wanted) entry.batch = undefined;
      this.#planner.retry(partsOf(wanted, error));
    } else {
      for (const { call } of wanted) {
        this.#end(call, error, error instanceof InputError ? 'input' : 'failed');
      }
    }
    this.#leave(batch, this.#clock.now());
  }

  #leave(batch: Batch<Item, Output>, now: number): void {
    this.#running.splice(this.#running.indexOf(batch), 1);
    // Its session has moved on to the run that waited longest.
    for (const other of this.#running) {
      if (other.startedAt !== undefined) continue;
      other.startedAt = now;
      break;
    }
    this.#pump();
  }

  #end(call: BatchCall<Item, Output>, error: Error, outcome: Exclude<CallEnd, 'ok'>): void {
    if (!call.fail(error)) return;
    const run = call.entries.find((entry) => entry.batch !== undefined)?.batch;
    for (const entry of call.entries) {
      this.#queue.remove(entry);
      const { batch } = entry;
      if (batch !== undefined && this.#running.includes(batch) && --batch.wanted === 0) {
        batch.abandon?.(error);
      }
    }
    this.#calls.ended(call, outcome, { batch: run, now: this.#clock.now(), error });
  }

  #shed(call: BatchCall<Item, Output>): void {
    const { maxLatencyMs } = this.options.batching;
    const fact = `it could not be answered within maxLatencyMs, ${maxLatencyMs}`;
    const ms = queueMs(this.#load, this.#clock.now(), 1, 1);
    this.#end(call, this.admission.refusal('overdue', fact, ms), 'shed');
  }

  /** Waiting calls are refused when their deadline passes, not when their turn comes. */
  #dropOverdue(now: number): void {
    // It is set to the first of all deadlines.
    if (this.#alarm.quiet(now)) return;
    for (const { call } of this.#queue.entries()) {
      if (call.deadline <= now && !call.certain && !call.running) this.#shed(call);
    }
  }

  #nextDeadline(now: number): number {
    this.#dropOverdue(now);
    let first = Infinity;
    for (const { call } of this.#queue.entries()) {
      if (!call.certain && !call.running) first = Math.min(first, call.deadline);
    }
    return first;
  }
}
