import { asDict, asItems, asNumber, PyObject, type PyValue } from '../../torch/index.js';
import { UnreadableTokenizerError } from '../errors.js';
import type { Segment } from './words/word-tokenizer.js';

/** The value of fastai's `defaultdict(int)` for an unknown token. */
const UNKNOWN = 0;
/** Pads the vocabulary to a multiple of eight; never the id of a token. */
const FILLER = 'xxfake';

/** Maps tokens to ids: fastai's `Numericalize`. */
export interface Numericalizer {
  /** The token of each id, including fillers. */
  readonly vocab: readonly string[];
  /** The id of each token; 0 (`xxunk`) for tokens outside the vocabulary. */
  encode(tokens: readonly string[]): Int32Array;
  /** The same for texts in parts, which keep their ids. */
  encodeSegments(segments: readonly Segment[]): Int32Array;
}

/** @throws UnreadableTokenizerError for a `Numericalize` record without a vocabulary */
export function readNumericalize(record: PyValue): Numericalizer {
  if (!(record instanceof PyObject)) {
    throw new UnreadableTokenizerError('numericalization', 'not an object');
  }
  const vocab = asItems(record.attr('vocab'))?.map(String);
  if (!vocab) throw new UnreadableTokenizerError('vocabulary', 'missing');
  const ids = new Map<string, number>();
  const o2i = asDict(record.attr('o2i'));
  if (o2i) {
    for (const [token, id] of o2i) {
      const index = asNumber(id);
      if (typeof token === 'string' && index !== undefined) ids.set(token, index);
    }
  } else {
    vocab.forEach((token, id) => {
      if (token !== FILLER) ids.set(token, id);
    });
  }
  const idOf = (token: string): number => ids.get(token) ?? UNKNOWN;
  return {
    vocab,
    encode: (tokens) => Int32Array.from(tokens.map(idOf)),
    encodeSegments: (segments) => {
      let length = 0;
      for (const { tokens } of segments) length += tokens.length;
      const out = new Int32Array(length);
      let at = 0;
      for (const segment of segments) {
        segment.ids ??= segment.tokens.map(idOf);
        for (const id of segment.ids) out[at++] = id;
      }
      return out;
    },
  };
}
