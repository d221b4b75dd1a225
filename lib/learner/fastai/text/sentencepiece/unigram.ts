import { NO_VALUE } from './byte-trie.js';
import { characterLength } from './utf8.js';
import type { Emit, Vocabulary } from './vocabulary.js';

const { fround } = Math;
const LARGEST = 3.4028234663852886e38;
/**
 * The lower bound of the greatest score: the smallest positive normal number, as in sentencepiece.
 */
const SMALLEST = 1.1754943508222875e-38;
/** The penalty of an unknown character relative to the worst piece. */
const UNKNOWN_PENALTY = 10;
/** Version 0.2.2 resets its sums past this, so long texts keep their precision. */
const FARTHEST = 100_000;

/**
 * Versions of sentencepiece whose scores differ. Up to 0.2.1 a sum is compared before rounding to
 * float32, and from 0.2.2 on after it. User-defined symbols also have different scores.
 */
export type Scoring = 'to 0.2.1' | 'from 0.2.2';

/** The segmentation with the greatest sum of scores, in float32 as in sentencepiece. */
export class Unigram {
  readonly #unknownScore: number;
  readonly #largest: number;
  readonly #isNew: boolean;

  constructor(
    private readonly vocabulary: Vocabulary,
    scoring: Scoring,
  ) {
    this.#isNew = scoring === 'from 0.2.2';
    let smallest = LARGEST;
    let largest = SMALLEST;
    for (const { type, score } of vocabulary.pieces) {
      if (type !== 'normal') continue;
      if (score < smallest) smallest = score;
      if (score > largest) largest = score;
    }
    this.#unknownScore = fround(smallest - UNKNOWN_PENALTY);
    this.#largest = largest;
  }

  segment(text: Uint8Array, emit: Emit): void {
    const { trie, pieces, unknown } = this.vocabulary;
    const size = text.length;
    /**
     * The best path to each position: its score, where its last piece starts, and the id of that
     * piece.
     */
    const best = new Float32Array(size + 1);
    const from = new Int32Array(size + 1).fill(-1);
    const ids = new Int32Array(size + 1);
    let farthest = 0;
    const offer = (start: number, end: number, score: number, id: number): void => {
      if (end > farthest) farthest = end;
      if (from[end] !== -1 && !(score > best[end]!)) return;
      best[end] = score;
      from[end] = start;
      ids[end] = id;
    };
    for (let start = 0; start < size;) {
      if (this.#isNew && Math.abs(best[start]!) > FARTHEST) countAnew(best, from, start, farthest);
      const soFar = best[start]!;
      const character = characterLength(text, start);
      let hasCharacter = false;
      for (let at = start, node = 0; at < size;) {
        node = trie.step(node, text[at++]!);
        if (node === 0) break;
        const id = trie.valueOf(node);
        if (id === NO_VALUE) continue;
        const { type, score } = pieces[id]!;
        if (type === 'unused') continue;
        const own = type === 'user' ? this.#ownScore(at - start) : score;
        const sum = own + soFar;
        offer(start, at, this.#isNew ? fround(sum) : sum, id);
        hasCharacter ||= at - start === character;
      }
      if (!hasCharacter) {
        offer(start, start + character, fround(this.#unknownScore + soFar), unknown);
      }
      start += character;
    }
    const ends: number[] = [];
    for (let end = size; end > 0; end = from[end]!) ends.push(end);
    for (let i = ends.length - 1; i >= 0; i--) emit(ends[i]!, ids[ends[i]!]!);
  }

  /** A user-defined symbol is at least as good as any other piece. */
  #ownScore(length: number): number {
    return this.#isNew ? fround(0.1 * (length - 1)) : fround(length * this.#largest) - 0.1;
  }
}

function countAnew(best: Float32Array, from: Int32Array, start: number, farthest: number): void {
  const offset = best[start]!;
  for (let at = start; at <= farthest; at++) {
    if (at === start || from[at] !== -1) best[at]! -= offset;
  }
}
