import { BOS, EOS, PAD, TK_MAJ, TK_REP, TK_UP, TK_WREP } from '../text/special-tokens.js';
import type { Part } from './occlusion.js';

const UNKNOWN = 0;

/** Reads texts. */
interface Reader {
  readonly backwards: boolean;
  tokensOf(ids: Int32Array): string[];
}

/** A text, then the text without each of its parts. */
export function textsWithout(
  ids: Int32Array,
  reader: Reader,
): { parts: Part[]; rows: Int32Array[] } {
  const parts = textParts(reader.tokensOf(ids), reader.backwards);
  const rows = parts.map(({ index, length }) => {
    const row = new Int32Array(ids.length - length);
    row.set(ids.subarray(0, index));
    row.set(ids.subarray(index + length), index);
    // A model needs at least one token.
    return row.length > 0 ? row : Int32Array.of(UNKNOWN);
  });
  return { parts, rows: [ids, ...rows] };
}

/**
 * The limit on the tokens that the model reads for one explanation. Texts of up to 256 tokens are
 * explained word by word.
 */
const MOST_TOKENS = 2 ** 16;

/** Markers that change the tokens after them, and how many tokens follow. */
const MARKERS = new Map([
  [TK_MAJ, 1],
  [TK_UP, 1],
  [TK_REP, 2],
  [TK_WREP, 2],
]);
/** Tokens that are not words: the model never saw a text without them. */
const FRAME: ReadonlySet<string> = new Set([BOS, EOS, PAD]);

interface Span {
  readonly index: number;
  readonly length: number;
}

/**
 * The words of a text: a marker (`xxmaj`, `xxrep 3`) goes with its word. If there are too many
 * words, neighbours form one part.
 *
 * @param tokens In the model's order.
 * @param backwards Whether the end comes first.
 */
function textParts(tokens: readonly string[], backwards: boolean): Part[] {
  const words = backwards
    ? wordsOf(tokens.toReversed())
        .map(({ index, length }) => ({ index: tokens.length - index - length, length }))
        .reverse()
    : wordsOf(tokens);
  const most = Math.max(1, Math.floor(MOST_TOKENS / tokens.length));
  return grouped(words, Math.ceil(words.length / most)).map(({ index, length }) => ({
    token: tokens.slice(index, index + length).join(' '),
    index,
    length,
  }));
}

function wordsOf(tokens: readonly string[]): Span[] {
  const words: Span[] = [];
  for (let index = 0, end = 0; index < tokens.length; index = end) {
    end = index + 1;
    if (FRAME.has(tokens[index]!)) continue;
    // Markers follow each other: xxrep 3 xxmaj the.
    for (let at = index; at < end; at++) end += MARKERS.get(tokens[at]!) ?? 0;
    end = Math.min(end, tokens.length);
    words.push({ index, length: end - index });
  }
  return words;
}

/** Joins that many neighbours into a group, with the tokens between them. */
function grouped(words: readonly Span[], size: number): Span[] {
  if (size <= 1) return [...words];
  const groups: Span[] = [];
  for (let i = 0; i < words.length; i += size) {
    const [first, last] = [words[i]!, words[Math.min(words.length, i + size) - 1]!];
    groups.push({ index: first.index, length: last.index + last.length - first.index });
  }
  return groups;
}
