import { Roster } from '../../runtime/roster.js';
import { tellObservers, type CallEvent } from '../../runtime/runner-observer.js';
import { COUNTED, type RunnerStats } from '../pool/pool-stats.js';
import type { Batch, BatchCall } from './batch-call.js';

/** The figures of a batchable method at this moment. Counts start with the method. */
export interface BatchStats extends Omit<RunnerStats, 'ready' | 'workers' | 'full' | 'restarts'> {
  readonly queuedRows: number;
  /** Answered runs, and their rows. */
  readonly batches: number;
  readonly rows: number;
  /** The rows of the largest run. */
  readonly largest: number;
}

export type CallEnd = CallEvent['outcome'] | 'shed';

interface CallLedgerOptions {
  readonly runner: string;
  readonly method: string;
  /** Called when the last call in progress has ended. */
  emptied(): void;
}

interface EndOf<Item, Output> {
  /** The run that it was in, or that a part of it was in. */
  readonly batch: Batch<Item, Output> | undefined;
  readonly now: number;
  readonly error?: Error;
}

/** The calls in progress, and the outcomes of earlier ones: figures, observers and traces. */
export class CallLedger<Item, Output> {
  readonly calls = new Roster<BatchCall<Item, Output>>();
  /** The figures of a method that are counts. */
  readonly counts = {
    batches: 0,
    rows: 0,
    largest: 0,
    completed: 0,
    rejected: 0,
    failed: 0,
    abandoned: 0,
  };
  #idle: (() => void)[] = [];

  constructor(private readonly options: CallLedgerOptions) {}

  async idle(): Promise<void> {
    if (this.calls.size > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  ran(rows: number): void {
    this.counts.batches++;
    this.counts.rows += rows;
    this.counts.largest = Math.max(this.counts.largest, rows);
  }

  /** Records a settled call. Admission keeps the figures of calls that were shed. */
  ended(call: BatchCall<Item, Output>, end: CallEnd, of: EndOf<Item, Output>): void {
    if (end === 'shed') call.trace?.end({ timing: undefined, error: of.error });
    else {
      this.counts[COUNTED[end]]++;
      this.#tell(call, end, of);
    }
    this.calls.delete(call);
    if (this.calls.size > 0) return;
    this.options.emptied();
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  #tell(
    call: BatchCall<Item, Output>,
    outcome: CallEvent['outcome'],
    { batch, now, error }: EndOf<Item, Output>,
  ): void {
    const { runner, method } = this.options;
    call.trace?.end({
      timing: batch?.run?.ran,
      batch: batch && { rows: batch.rows, calls: batch.entries.length },
      error,
    });
    const startedAt = batch === undefined ? now : (batch.startedAt ?? batch.postedAt);
    const [waitMs, runMs] = [startedAt - call.arrivedAt, now - startedAt];
    tellObservers('called', { runner, method, waitMs, runMs, outcome });
  }
}
