import type { CallTrace } from '../../runtime/call-trace.js';
import type { Listed } from '../../runtime/roster.js';
import type { BatchCodec } from './batch-codec.js';
import { sizeOf, type Queued } from './batch-queue.js';
import type { TracedRun } from './batch-target.js';

/** A part of a call's item that fits one run. */
export interface Entry<Item, Output> extends Queued {
  readonly call: BatchCall<Item, Output>;
  readonly part: number;
  readonly item: Item;
  batch: Batch<Item, Output> | undefined;
}

export interface Batch<Item, Output> {
  readonly entries: readonly Entry<Item, Output>[];
  readonly rows: number;
  /** Rows times the width of the widest row. */
  readonly size: number;
  readonly postedAt: number;
  /** Undefined while it waits for another run. */
  startedAt: number | undefined;
  /** Whether they were in a run that failed. */
  readonly again: boolean;
  /** The entries whose callers are still waiting. */
  wanted: number;
  abandon: ((error: Error) => void) | undefined;
  run: TracedRun | undefined;
}

/** @param free Whether it starts immediately. */
export function batchOf<Item, Output>(
  entries: readonly Entry<Item, Output>[],
  again: boolean,
  now: number,
  free: boolean,
): Batch<Item, Output> {
  const batch: Batch<Item, Output> = {
    entries,
    rows: entries.reduce((sum, { rows }) => sum + rows, 0),
    size: sizeOf(entries),
    postedAt: now,
    startedAt: free ? now : undefined,
    again,
    wanted: entries.length,
    abandon: undefined,
    run: undefined,
  };
  for (const entry of entries) entry.batch = batch;
  return batch;
}

/** The waiting caller: exactly one of the two functions is called, once. */
export interface BatchWaiting<Output> {
  resolve(value: Output): void;
  reject(error: Error): void;
}

/** One call of a batchable method. Only the first answer settles it. */
export class BatchCall<Item = unknown, Output = unknown> implements Listed {
  readonly entries: Entry<Item, Output>[] = [];
  trace: CallTrace | undefined;
  place = -1;
  readonly #outputs: Output[] = [];
  #missing = 0;
  settled = false;

  constructor(
    readonly arrivedAt: number,
    /** When its answer becomes useless. */
    readonly deadline: number,
    /** Whether it came to an idle runner, and therefore runs even if it may be late. */
    readonly certain: boolean,
    private readonly codec: Pick<BatchCodec<Item, Output>, 'join'>,
    private readonly settle: BatchWaiting<Output>,
  ) {}

  /** Whether some part of it has been given to a run. */
  get running(): boolean {
    return this.entries.some((entry) => entry.batch !== undefined);
  }

  add(entry: Entry<Item, Output>): void {
    this.entries.push(entry);
    this.#missing++;
  }

  /** Takes the result of a part; returns true if it was the last part. */
  take(part: number, output: Output): boolean {
    if (this.settled) return false;
    this.#outputs[part] = output;
    if (--this.#missing > 0) return false;
    this.settled = true;
    try {
      this.settle.resolve(this.#whole());
    } catch (error) {
      this.settle.reject(error as Error);
    }
    return true;
  }

  /** False if it was already settled. */
  fail(error: Error): boolean {
    if (this.settled) return false;
    this.settled = true;
    this.settle.reject(error);
    return true;
  }

  #whole(): Output {
    const outputs = this.#outputs;
    return outputs.length === 1 ? (outputs[0] as Output) : this.codec.join(outputs);
  }
}
