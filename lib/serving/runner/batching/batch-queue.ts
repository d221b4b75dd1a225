/** What waits: an item, or a part of one. */
export interface Queued {
  /** Those of equal keys may share a run. */
  readonly key: string;
  readonly rows: number;
  /** Length of each row, which its padding must not raise by much. */
  readonly width: number;
  readonly order: number;
}

interface Node<Entry> {
  readonly entry: Entry;
  previous: Node<Entry> | undefined;
  next: Node<Entry> | undefined;
}

interface Line<Entry> {
  first: Node<Entry> | undefined;
  last: Node<Entry> | undefined;
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
  readonly #lines = new Map<string, Line<Entry>>();
  readonly #nodes = new Map<Entry, Node<Entry>>();
  #rows = 0;
  #size = 0;

  get empty(): boolean {
    return this.#nodes.size === 0;
  }

  get length(): number {
    return this.#nodes.size;
  }

  get rows(): number {
    return this.#rows;
  }

  /** Rows that wait, each times its width. */
  get size(): number {
    return this.#size;
  }

  entries(): IterableIterator<Entry> {
    return this.#nodes.keys();
  }

  push(entry: Entry): void {
    const line = this.#lines.get(entry.key) ?? { first: undefined, last: undefined };
    const node: Node<Entry> = { entry, previous: line.last, next: undefined };
    if (line.last === undefined) line.first = node;
    else line.last.next = node;
    line.last = node;
    this.#lines.set(entry.key, line);
    this.#nodes.set(entry, node);
    this.#rows += entry.rows;
    this.#size += entry.rows * entry.width;
  }

  /** False where the entry does not wait. */
  remove(entry: Entry): boolean {
    const node = this.#nodes.get(entry);
    if (node === undefined) return false;
    const line = this.#lines.get(entry.key) as Line<Entry>;
    if (node.previous === undefined) line.first = node.next;
    else node.previous.next = node.next;
    if (node.next === undefined) line.last = node.previous;
    else node.next.previous = node.previous;
    // Keys come from clients: a line that nobody stands in must not stay.
    if (line.first === undefined) this.#lines.delete(entry.key);
    this.#nodes.delete(entry);
    this.#rows -= entry.rows;
    this.#size -= entry.rows * entry.width;
    return true;
  }

  /**
   * The entries of the next run, which stay in the queue: the one that came first of all, and those
   * behind it in its line that fit. What would make the padded run cost much more than its rows do
   * is passed over: a long row must not make ninety-nine short ones pay for its length.
   */
  next(maxRows: number, maxSize: number): Entry[] {
    let first: Node<Entry> | undefined;
    for (const line of this.#lines.values()) {
      if (first === undefined || (line.first as Node<Entry>).entry.order < first.entry.order) {
        first = line.first;
      }
    }
    const taken: Entry[] = [];
    let [rows, width, needed] = [0, 0, 0];
    for (let node = first; node !== undefined && rows < maxRows; node = node.next) {
      const { entry } = node;
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
