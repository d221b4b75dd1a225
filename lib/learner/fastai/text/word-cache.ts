/** Entries of one generation; there are two. */
const MOST_ENTRIES = 8192;
/** Bytes of one generation, by the estimates of those who fill it. */
const MOST_BYTES = 2 ** 20;
/** Longer words hardly come twice. */
const LONGEST_WORD = 64;

/**
 * What was made of words lately. Words come from outside, so that neither their number nor their
 * length may set its size: when a generation is full it takes the place of the one before, and what
 * nobody asked for since goes.
 */
export class WordCache<T> {
  #young = new Map<string, T>();
  #old = new Map<string, T>();
  #bytes = 0;

  /** The value of a word; made, and kept where it is small enough, when it is asked for first. */
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

/** A slice of a text keeps the whole text in memory, however short it is. */
function ownCopy(slice: string): string {
  return ` ${slice}`.slice(1);
}
