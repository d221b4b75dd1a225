/** What waits: an item, or a part of one. */
export interface Queued {
  /** Those of equal keys may share a run. */
  readonly key: string;
  readonly rows: number;
  /** Length of each row, which its padding must not raise by much. */
  readonly width: number;
  readonly order: number;
}

/** Columns that padding may always add: the fixed cost of a run outweighs them. */
const FREE_WIDTH = 8;
/** How much more a run may compute than its rows need. */
const MOST_PADDED = 1.5;

/**
 * What waits for a run, in a line for each key; each is in the order of arrival. Entries that are
 * given up leave at once, wherever they stand.
 */
export class BatchQueue<Entry extends Queued> {
  /** Sets keep the order in which entries came. */
  readonly #lines = new Map<string, Set<Entry>>();
  readonly #all = new Set<Entry>();
  rows = 0;
  /** Rows that wait, each times its width. */
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

  /** False where the entry does not wait. */
  remove(entry: Entry): boolean {
    if (!this.#all.delete(entry)) return false;
    const line = this.#lines.get(entry.key) as Set<Entry>;
    line.delete(entry);
    // Keys come from clients: a line that nobody stands in must not stay.
    if (line.size === 0) this.#lines.delete(entry.key);
    this.rows -= entry.rows;
    this.size -= entry.rows * entry.width;
    return true;
  }

  /**
   * The entries of the next run, which stay in the queue: the one that came first of all, and those
   * behind it in its line that fit. What would make the padded run cost much more than its rows do
   * is passed over: a long row must not make ninety-nine short ones pay for its length.
   */
  next(maxRows: number, maxSize: number): Entry[] {
    // The one that came first of all stands at the head of its line.
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

/** Rows of a run times the width that the widest gives all of them. */
export function sizeOf(entries: readonly Queued[]): number {
  let [rows, width] = [0, 0];
  for (const entry of entries) {
    rows += entry.rows;
    width = Math.max(width, entry.width);
  }
  return rows * width;
}
