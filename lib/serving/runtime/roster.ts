/** A member of a {@link Roster}. It is on at most one roster. */
export interface Listed {
  /** Its index there; -1 if it is not on a roster. */
  place: number;
}

/**
 * The calls or requests in progress, in no order. A `Set` would do the same, but V8 would keep
 * entries that have left it. V8 replaces a hash table after a few changes, and each old table
 * refers to the next one. Once one of them is in the old generation, V8 keeps all following tables
 * with their entries until it collects the whole heap. Those entries are most requests, so it would
 * have to collect the whole heap soon.
 */
export class Roster<T extends Listed> implements Iterable<T> {
  readonly #items: T[] = [];

  get size(): number {
    return this.#items.length;
  }

  add(item: T): void {
    item.place = this.#items.push(item) - 1;
  }

  /** False if it was not on the roster. */
  delete(item: T): boolean {
    const { place } = item;
    if (this.#items[place] !== item) return false;
    const last = this.#items.pop() as T;
    if (last !== item) {
      this.#items[place] = last;
      last.place = place;
    }
    item.place = -1;
    return true;
  }

  /** The members at this moment, because they may leave meanwhile. */
  [Symbol.iterator](): Iterator<T> {
    return [...this.#items].values();
  }
}
