import { SentencePieceModelError } from '../../errors.js';

/**
 * Normalization rules in the form in which sentencepiece compiles them: the size of a double-array
 * trie (Darts-clone) in bytes, the trie, and replacements that end in NUL. A rule's value is the
 * offset of its replacement.
 */
export class Charsmap {
  readonly #units: Uint32Array;
  /** The replacements, one after another. */
  readonly replacements: Uint8Array;
  /**
   * The rule that {@link match} found: how many bytes it takes, and the offset of its replacement.
   */
  length = 0;
  start = 0;
  end = 0;

  /** @throws SentencePieceModelError */
  constructor(blob: Uint8Array) {
    const view = new DataView(blob.buffer, blob.byteOffset, blob.length);
    const size = blob.length > 4 ? view.getUint32(0, true) : Infinity;
    if (size >= blob.length || 4 + size > blob.length || size < 4) {
      throw new SentencePieceModelError('has truncated normalization rules');
    }
    this.#units = new Uint32Array(Math.floor(size / 4));
    for (let i = 0; i < this.#units.length; i++) {
      this.#units[i] = view.getUint32(4 + i * 4, true);
    }
    this.replacements = blob.subarray(4 + size);
  }

  /** Finds the rule that matches the most bytes at an offset. */
  match(bytes: Uint8Array, at: number): boolean {
    const units = this.#units;
    let found = -1;
    let node = offsetOf(units[0]!);
    for (let i = at; i < bytes.length; i++) {
      const unit = units[node ^ bytes[i]!];
      if (unit === undefined || (unit & LABEL) >>> 0 !== bytes[i]) break;
      node ^= bytes[i]! ^ offsetOf(unit);
      if ((unit & HAS_LEAF) === 0) continue;
      found = (units[node] ?? 0) & VALUE;
      this.length = i + 1 - at;
    }
    if (found === -1) return false;
    this.start = found;
    this.end = this.replacements.indexOf(0, found);
    if (this.end < 0) throw new SentencePieceModelError('has a normalization rule without an end');
    return true;
  }
}

/** A value has its highest bit set, so it is not the label of a byte. */
const LABEL = 0x8000_00ff;
const VALUE = 0x7fff_ffff;
const HAS_LEAF = 1 << 8;

function offsetOf(unit: number): number {
  return (unit >>> 10) << ((unit & 0x200) >>> 6);
}
