import type { Batch, BatchCall, Entry } from './batch-call.js';
import { sizeOf, type BatchQueue } from './batch-queue.js';
import type { BatchTarget } from './batch-target.js';
import type { ResolvedBatching } from './batching-options.js';
import { divides, largestSize, runMs, saturated, waitMs, type Load } from './forecast.js';

export interface RunPlannerOptions<Item, Output> {
  readonly queue: BatchQueue<Entry<Item, Output>>;
  readonly running: ReadonlySet<Batch<Item, Output>>;
  readonly load: Load;
  readonly target: Pick<BatchTarget, 'sessions' | 'idle' | 'room'>;
  readonly batching: Pick<ResolvedBatching, 'enabled' | 'maxBatchSize'>;
  /** Refuses a call that cannot be answered in time; its entries leave the queue. */
  shed(call: BatchCall<Item, Output>): void;
}

export interface PlannedRun<Item, Output> {
  readonly entries: readonly Entry<Item, Output>[];
  /** They have been in a run that failed. */
  readonly again: boolean;
}

/** Says whether a run may start, and of what. */
export class RunPlanner<Item, Output> {
  /** Parts of batches that failed, which run before all else: they came first. */
  readonly #retries: Entry<Item, Output>[][] = [];

  constructor(private readonly options: RunPlannerOptions<Item, Output>) {}

  /** Has the parts of a batch that failed run again. */
  retry(parts: readonly Entry<Item, Output>[][]): void {
    this.#retries.unshift(...parts);
  }

  /** The next run, whose entries leave the queue; undefined where none may start. */
  next(now: number): PlannedRun<Item, Output> | undefined {
    if (!this.#mayStart()) return undefined;
    const again = this.#nextRetry();
    if (again !== undefined) return { entries: again, again: true };
    const entries = this.#nextInTime(now);
    return entries && { entries, again: false };
  }

  /**
   * A session must be idle; but when enough waits, the next run is handed over before the last one
   * is answered, so that sessions do not idle under load. Without a run of its own this method has
   * a place among the others of the same sessions.
   */
  #mayStart(): boolean {
    const { queue, running, load, target } = this.options;
    if (queue.empty && this.#retries.length === 0) return false;
    if (running.size === 0 || target.idle > 0) return true;
    if (target.room === 0 || this.#retries.length > 0) return false;
    // What is run again may take its session down: nothing may wait behind it.
    for (const batch of running) if (batch.again) return false;
    return saturated(load) || queue.rows >= (this.#share ?? Infinity);
  }

  /**
   * Rows of a run where what is in progress may be divided; undefined where that would cost time.
   *
   * Callers who wait for answers before they call again come in bursts for as long as they are
   * answered at once, and the sessions would idle from each burst to the next. Divided into one
   * part more than there are sessions, a part is always ready.
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
    // Where more waits than this, another run follows anyway.
    if (whole.length === 1 || whole.length < queue.length) return whole;
    const share = this.#share;
    return share === undefined ? whole : queue.next(Math.min(share, batching.maxBatchSize), most);
  }
}
