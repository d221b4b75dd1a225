import { NO_VALUE } from './byte-trie.js';
import { MaxHeap } from './max-heap.js';
import { characterLength, isSpaceSymbol, wordLength } from './utf8.js';
import type { Emit, Vocabulary } from './vocabulary.js';

/** A pair of neighbours that may merge. */
interface Pair {
  readonly left: number;
  readonly right: number;
  readonly score: number;
  /** The bytes of both: they differ from the current bytes if one has changed since. */
  readonly length: number;
}

const comesBefore = (a: Pair, b: Pair): boolean =>
  a.score > b.score || (a.score === b.score && a.left < b.left);

/** Byte-pair encoding: repeatedly merges the best pair of neighbours that forms a piece. */
export class Bpe {
  /** Whether no piece continues after the symbol of a space, so words are split separately. */
  readonly #byWord: boolean;

  constructor(private readonly vocabulary: Vocabulary) {
    this.#byWord = !vocabulary.pieces.some(({ bytes }) =>
      bytes.some((_, at) => at > 0 && isSpaceSymbol(bytes, at)),
    );
  }

  segment(text: Uint8Array, emit: Emit): void {
    if (!this.#byWord) return this.#part(text, 0, text.length, emit);
    for (let start = 0; start < text.length;) {
      const end = start + wordLength(text, start);
      this.#part(text, start, end, emit);
      start = end;
    }
  }

  #part(text: Uint8Array, from: number, to: number, emit: Emit): void {
    const { trie, pieces, symbols } = this.vocabulary;
    const starts: number[] = [];
    const ends: number[] = [];
    const whole: boolean[] = [];
    for (let at = from; at < to;) {
      const symbol = symbols.longest(text, at);
      starts.push(at);
      at += symbol || characterLength(text, at);
      ends.push(at);
      whole.push(symbol > 0);
    }
    const count = starts.length;
    const next = Int32Array.from(starts, (_, i) => (i + 1 < count ? i + 1 : -1));
    const previous = Int32Array.from(starts, (_, i) => i - 1);
    const lengthOf = (i: number): number => ends[i]! - starts[i]!;
    const agenda = new MaxHeap<Pair>(comesBefore);
    const consider = (left: number, right: number): void => {
      if (left < 0 || right < 0 || whole[left] || whole[right]) return;
      const id = trie.find(text, starts[left]!, ends[right]!);
      if (id === NO_VALUE) return;
      const { score } = pieces[id]!;
      agenda.push({ left, right, score, length: ends[right]! - starts[left]! });
    };
    for (let i = 1; i < count; i++) consider(i - 1, i);
    for (let pair = agenda.pop(); pair; pair = agenda.pop()) {
      const { left, right, length } = pair;
      const ofLeft = lengthOf(left);
      const ofRight = lengthOf(right);
      if (ofLeft === 0 || ofRight === 0 || ofLeft + ofRight !== length) continue;
      ends[left] = ends[right]!;
      ends[right] = starts[right]!;
      const after = next[right]!;
      next[left] = after;
      if (after >= 0) previous[after] = left;
      consider(previous[left]!, left);
      consider(left, after);
    }
    for (let i = 0; i >= 0; i = next[i]!) {
      emit(ends[i]!, this.vocabulary.idOf(text, starts[i]!, ends[i]!));
    }
  }
}
