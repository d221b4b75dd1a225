/** Something that a {@link Roster} may hold. It is on one roster at most. */
export interface Listed {
  /** Its index there; -1 while it is on none. */
  place: number;
}

/**
 * The calls or requests in progress, in no order.
 *
 * A `Set` would do the same, and let V8 keep what has left it. A hash table that many enter and
 * leave is replaced every few entries, and each old table refers to the next one. Once one of them
 * has become old, V8 keeps all that follow until it collects the whole heap, with the entries that
 * each of them had: most requests, so that it has to collect the whole heap soon.
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

  /** Those of this moment: they may leave meanwhile. */
  [Symbol.iterator](): Iterator<T> {
    return [...this.#items].values();
  }
}
