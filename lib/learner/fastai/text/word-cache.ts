/** Entries of one generation; there are two. */
const MOST_ENTRIES = 8192;
/** Bytes of one generation, as estimated by the callers that fill it. */
const MOST_BYTES = 2 ** 20;
/** Longer words rarely repeat. */
const LONGEST_WORD = 64;

/**
 * A cache of recent words. Words come from outside, so neither their number nor their length may
 * set its size: a full generation replaces the previous one, and entries that were not used since
 * are dropped.
 */
export class WordCache<T> {
  #young = new Map<string, T>();
  #old = new Map<string, T>();
  #bytes = 0;

  /** The value of a word, made on first use and kept if it is small enough. */
  get(word: string, make: (word: string) => T, bytesOf: (value: T) => number): T {
    const known = this.#young.get(word);
    if (known !== undefined) return known;
    if (word.length > LONGEST_WORD) return make(word);
    const kept = ownCopy(word);
    const value = this.#old.get(word) ?? make(kept);
    const bytes = kept.length * 2 + bytesOf(value);
    if (this.#young.size >= MOST_ENTRIES || this.#bytes + bytes > MOST_BYTES) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#bytes = 0;
    }
    this.#young.set(kept, value);
    this.#bytes += bytes;
    return value;
  }
}

/** A slice of a text keeps the whole text in memory, so short words are copied. */
function ownCopy(slice: string): string {
  return ` ${slice}`.slice(1);
}
