/** A waiting item, or a part of one. */
export interface Queued {
  /** Entries with equal keys may share a run. */
  readonly key: string;
  readonly rows: number;
  /** The length of each row. Padding must not increase it by much. */
  readonly width: number;
  readonly order: number;
  /** Set by the queue that it is in. */
  waiting?: boolean;
}

/** Columns that padding may always add, because the fixed cost of a run outweighs them. */
const FREE_WIDTH = 8;
/** How much more than its rows need a run may compute. */
const MOST_PADDED = 1.5;

/** Beyond this number, empty lines are removed. */
const EMPTY_LINES = 16;

/**
 * The entries that wait for a run, in one line per key, each in the order of arrival. Abandoned
 * entries leave at once, from any place.
 */
export class BatchQueue<Entry extends Queued> {
  readonly #lines = new Map<string, Line<Entry>>();
  readonly #all = new Line<Entry>();
  rows = 0;
  /** Waiting rows, each times its width. */
  size = 0;

  get empty(): boolean {
    return this.#all.length === 0;
  }

  get length(): number {
    return this.#all.length;
  }

  entries(): Iterable<Entry> {
    return this.#all;
  }

  push(entry: Entry): void {
    let line = this.#lines.get(entry.key);
    if (line === undefined) this.#lines.set(entry.key, (line = new Line()));
    entry.waiting = true;
    line.push(entry);
    this.#all.push(entry);
    this.rows += entry.rows;
    this.size += entry.rows * entry.width;
  }

  /** False if the entry is not waiting. */
  remove(entry: Entry): boolean {
    if (entry.waiting !== true) return false;
    entry.waiting = false;
    this.#all.left();
    const line = this.#lines.get(entry.key) as Line<Entry>;
    line.left();
    // Keys come from clients, so empty lines must not gather.
    if (line.length === 0 && this.#lines.size > EMPTY_LINES) this.#lines.delete(entry.key);
    this.rows -= entry.rows;
    this.size -= entry.rows * entry.width;
    return true;
  }

  /**
   * The entries of the next run, which stay in the queue: the oldest one, and those behind it in
   * its line that fit. Entries that would make the padded run cost much more than its rows do are
   * skipped: ninety-nine short rows must not pay for the length of a long one.
   */
  next(maxRows: number, maxSize: number): Entry[] {
    // The oldest entry is at the head of its line.
    const { first } = this.#all;
    const taken: Entry[] = [];
    if (first === undefined) return taken;
    let [rows, width, needed] = [0, 0, 0];
    for (const entry of this.#lines.get(first.key) as Line<Entry>) {
      if (rows >= maxRows) break;
      const newRows = rows + entry.rows;
      const newWidth = Math.max(width, entry.width);
      const newNeeded = needed + entry.rows * (entry.width + FREE_WIDTH);
      const fits =
        newRows <= maxRows &&
        newRows * newWidth <= maxSize &&
        newRows * (newWidth + FREE_WIDTH) <= MOST_PADDED * newNeeded;
      if (!fits && taken.length > 0) continue;
      taken.push(entry);
      [rows, width, needed] = [newRows, newWidth, newNeeded];
    }
    return taken;
  }
}

/**
 * Entries in the order of arrival. Entries that have left are removed when they outnumber the
 * others. It is an array, because V8 keeps entries that have left a set (see `Roster`).
 */
class Line<Entry extends Queued> implements Iterable<Entry> {
  #entries: Entry[] = [];
  /** How many of them wait. */
  length = 0;

  get first(): Entry | undefined {
    return this.#entries.find(({ waiting }) => waiting);
  }

  push(entry: Entry): void {
    this.#entries.push(entry);
    this.length++;
  }

  /** One of them no longer waits. */
  left(): void {
    this.length--;
    if (this.length * 2 > this.#entries.length) return;
    this.#entries = this.#entries.filter(({ waiting }) => waiting);
  }

  *[Symbol.iterator](): Iterator<Entry> {
    for (const entry of this.#entries) if (entry.waiting === true) yield entry;
  }
}

/** The rows of a run times the width of the widest. */
export function sizeOf(entries: readonly Queued[]): number {
  let [rows, width] = [0, 0];
  for (const entry of entries) {
    rows += entry.rows;
    width = Math.max(width, entry.width);
  }
  return rows * width;
}
