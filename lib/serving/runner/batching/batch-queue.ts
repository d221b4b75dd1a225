/** A waiting item, or a part of one. */
export interface Queued {
  /** Entries with equal keys may share a run. */
  readonly key: string;
  readonly rows: number;
  /** The length of each row. Padding must not increase it by much. */
  readonly width: number;
  readonly order: number;
}

/** Columns that padding may always add, because the fixed cost of a run outweighs them. */
const FREE_WIDTH = 8;
/** How much more than its rows need a run may compute. */
const MOST_PADDED = 1.5;

/**
 * The entries that wait for a run, in one line per key, each in the order of arrival. Abandoned
 * entries leave at once, from any place.
 */
export class BatchQueue<Entry extends Queued> {
  /** Sets keep the order of arrival. */
  readonly #lines = new Map<string, Set<Entry>>();
  readonly #all = new Set<Entry>();
  rows = 0;
  /** Waiting rows, each times its width. */
  size = 0;

  get empty(): boolean {
    return this.#all.size === 0;
  }

  get length(): number {
    return this.#all.size;
  }

  entries(): IterableIterator<Entry> {
    return this.#all.values();
  }

  push(entry: Entry): void {
    const line = this.#lines.get(entry.key);
    if (line === undefined) this.#lines.set(entry.key, new Set([entry]));
    else line.add(entry);
    this.#all.add(entry);
    this.rows += entry.rows;
    this.size += entry.rows * entry.width;
  }

  /** False if the entry is not waiting. */
  remove(entry: Entry): boolean {
    if (!this.#all.delete(entry)) return false;
    const line = this.#lines.get(entry.key) as Set<Entry>;
    line.delete(entry);
    // Keys come from clients, so an empty line must not stay.
    if (line.size === 0) this.#lines.delete(entry.key);
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
    const [first] = this.#all;
    const line = first === undefined ? [] : (this.#lines.get(first.key) as Set<Entry>);
    const taken: Entry[] = [];
    let [rows, width, needed] = [0, 0, 0];
    for (const entry of line) {
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

/** The rows of a run times the width of the widest. */
export function sizeOf(entries: readonly Queued[]): number {
  let [rows, width] = [0, 0];
  for (const entry of entries) {
    rows += entry.rows;
    width = Math.max(width, entry.width);
  }
  return rows * width;
}
