/** The result of {@link ByteTrie} if no entry ends at the node. */
export const NO_VALUE = -1;

/** Byte strings as a trie, for walks from the front of a text. Values are 0 and more. */
export class ByteTrie {
  /** The root's children by byte: every walk starts there. */
  readonly #first = new Int32Array(256);
  #child: Int32Array;
  #sibling: Int32Array;
  #label: Uint8Array;
  #value: Int32Array;
  #size = 1;

  /** @param bytes At least the total bytes of all entries. */
  constructor(bytes: number) {
    this.#child = new Int32Array(bytes + 1);
    this.#sibling = new Int32Array(bytes + 1);
    this.#label = new Uint8Array(bytes + 1);
    this.#value = new Int32Array(bytes + 1).fill(NO_VALUE);
  }

  /** @returns false if the key already exists. */
  add(key: Uint8Array, value: number): boolean {
    let node = 0;
    for (const byte of key) node = this.step(node, byte) || this.#grow(node, byte);
    if (this.#value[node] !== NO_VALUE) return false;
    this.#value[node] = value;
    return true;
  }

  /** The node that a byte leads to. The root is 0, and 0 also means "none". */
  step(node: number, byte: number): number {
    if (node === 0) return this.#first[byte]!;
    let next = this.#child[node]!;
    while (next !== 0 && this.#label[next] !== byte) next = this.#sibling[next]!;
    return next;
  }

  valueOf(node: number): number {
    return this.#value[node]!;
  }

  find(bytes: Uint8Array, start: number, end: number): number {
    let node = 0;
    for (let at = start; at < end; at++) {
      node = this.step(node, bytes[at]!);
      if (node === 0) return NO_VALUE;
    }
    return this.#value[node]!;
  }

  /** The length of the longest entry at the start of the bytes; 0 for none. */
  longest(bytes: Uint8Array, start: number): number {
    let length = 0;
    for (let at = start, node = 0; at < bytes.length;) {
      node = this.step(node, bytes[at++]!);
      if (node === 0) break;
      if (this.#value[node] !== NO_VALUE) length = at - start;
    }
    return length;
  }

  #grow(node: number, byte: number): number {
    const made = this.#size++;
    this.#label[made] = byte;
    if (node === 0) {
      this.#first[byte] = made;
    } else {
      this.#sibling[made] = this.#child[node]!;
      this.#child[node] = made;
    }
    return made;
  }
}
