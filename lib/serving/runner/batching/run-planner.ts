import type { Batch, BatchCall, Entry } from './batch-call.js';
import { sizeOf, type BatchQueue } from './batch-queue.js';
import type { BatchTarget } from './batch-target.js';
import type { ResolvedBatching } from './batching-options.js';
import { divides, largestSize, runMs, saturated, waitMs, type Load } from './forecast.js';

export interface RunPlannerOptions<Item, Output> {
  readonly queue: BatchQueue<Entry<Item, Output>>;
  readonly running: readonly Batch<Item, Output>[];
  readonly load: Load;
  readonly target: Pick<BatchTarget, 'sessions' | 'idle' | 'room'>;
  readonly batching: Pick<ResolvedBatching, 'enabled' | 'maxBatchSize'>;
  /** Refuses a call that cannot be answered in time, and removes its entries from the queue. */
  shed(call: BatchCall<Item, Output>): void;
}

export interface PlannedRun<Item, Output> {
  readonly entries: readonly Entry<Item, Output>[];
  /** Whether they were in a run that failed. */
  readonly again: boolean;
}

/** Decides whether a run may start, and with which entries. */
export class RunPlanner<Item, Output> {
  /** Parts of failed batches, which run before everything else because they came first. */
  readonly #retries: Entry<Item, Output>[][] = [];

  constructor(private readonly options: RunPlannerOptions<Item, Output>) {}

  /** Schedules the parts of a failed batch to run again. */
  retry(parts: readonly Entry<Item, Output>[][]): void {
    this.#retries.unshift(...parts);
  }

  /** The next run, whose entries leave the queue; undefined if none may start. */
  next(now: number): PlannedRun<Item, Output> | undefined {
    if (!this.#mayStart()) return undefined;
    const again = this.#nextRetry();
    if (again !== undefined) return { entries: again, again: true };
    const entries = this.#nextInTime(now);
    return entries && { entries, again: false };
  }

  /**
   * A session must be idle. But when enough is waiting, the next run is handed over before the last
   * one is answered, so that sessions do not idle under load. A method without a run in progress
   * also gets a place among the others that share its sessions.
   */
  #mayStart(): boolean {
    const { queue, running, load, target } = this.options;
    if (queue.empty && this.#retries.length === 0) return false;
    if (running.length === 0 || target.idle > 0) return true;
    if (target.room === 0 || this.#retries.length > 0) return false;
    // A repeated run may crash its session, so nothing may wait behind it.
    for (const batch of running) if (batch.again) return false;
    return saturated(load) || queue.rows >= (this.#share ?? Infinity);
  }

  /**
   * The rows of a run if the waiting calls may be divided; undefined if that would cost time.
   *
   * Callers that wait for answers before they call again arrive in bursts as long as they are
   * answered together, and sessions would idle between bursts. With one more part than there are
   * sessions, a part is always ready.
   */
  get #share(): number | undefined {
    const { queue, running, load, target } = this.options;
    let { rows, size } = queue;
    for (const batch of running) {
      rows += batch.rows;
      size += batch.size;
    }
    const parts = target.sessions + 1;
    return divides(load, size, parts) ? Math.ceil(rows / parts) : undefined;
  }

  #nextRetry(): readonly Entry<Item, Output>[] | undefined {
    for (let group = this.#retries.shift(); group !== undefined; group = this.#retries.shift()) {
      const wanted = group.filter((entry) => !entry.call.settled);
      if (wanted.length > 0) return wanted;
    }
    return undefined;
  }

  #nextInTime(now: number): readonly Entry<Item, Output>[] | undefined {
    const { queue, load, batching, shed } = this.options;
    while (!queue.empty) {
      const next = batching.enabled ? this.#nextShared() : queue.next(1, 0);
      const ms = (runMs(load, sizeOf(next)) ?? 0) + waitMs(load, now);
      const late = next.filter(({ call }) => !call.certain && call.deadline < now + ms);
      if (late.length === 0) {
        for (const entry of next) queue.remove(entry);
        return next;
      }
      for (const { call } of late) shed(call);
    }
    return undefined;
  }

  #nextShared(): Entry<Item, Output>[] {
    const { queue, load, batching } = this.options;
    const most = largestSize(load);
    const whole = queue.next(batching.maxBatchSize, most);
    // If more than this is waiting, another run follows anyway.
    if (whole.length === 1 || whole.length < queue.length) return whole;
    const share = this.#share;
    return share === undefined ? whole : queue.next(Math.min(share, batching.maxBatchSize), most);
  }
}
