import { codePointLength } from '../../../python/str.js';
import type { Tokenize } from '../../contract.js';
import { TextTooLongError, UnpairedSurrogateError } from '../../errors.js';
import { bytePiece, type SentencePieceModel } from './model-file.js';
import { Normalizer } from './normalizer.js';
import { segmenterOf } from './segments.js';
import { textOfBytes } from './utf8.js';
import type { Scoring } from './unigram.js';
import { Vocabulary } from './vocabulary.js';

/** The limit on the characters of a text, the same as spaCy's. */
const MAX_LENGTH = 1_000_000;

/**
 * `SentencePieceProcessor.EncodeAsPieces` with a model.
 *
 * @throws SentencePieceModelError
 */
export function sentencePiece(
  model: SentencePieceModel,
  scoring: Scoring = 'from 0.2.2',
): Tokenize {
  const vocabulary = new Vocabulary(model);
  const normalizer = new Normalizer(model, vocabulary.symbols);
  const segment = segmenterOf(model, vocabulary, scoring);
  const names = new Map<number, string>();
  const nameOf = (id: number): string => {
    let name = names.get(id);
    if (name === undefined) {
      const { bytes: written } = vocabulary.pieces[id]!;
      names.set(id, (name = textOfBytes(written, 0, written.length)));
    }
    return name;
  };

  return (text) => {
    if (text.length > MAX_LENGTH) {
      const length = codePointLength(text);
      if (length > MAX_LENGTH) throw new TextTooLongError(length, MAX_LENGTH);
    }
    if (!text.isWellFormed()) throw new UnpairedSurrogateError();
    const normalized = normalizer.normalize(encoder.encode(text));
    const pieces: string[] = [];
    let start = 0;
    /** The start of a run of unknown parts, which form one piece. */
    let unknownFrom = -1;
    const closeUnknown = (): void => {
      if (unknownFrom >= 0) pieces.push(textOfBytes(normalized, unknownFrom, start));
      unknownFrom = -1;
    };
    if (normalized.length > 0) {
      segment(normalized, (end, id) => {
        if (id !== vocabulary.unknown) {
          closeUnknown();
          pieces.push(nameOf(id));
        } else if (model.byteFallback) {
          for (let at = start; at < end; at++) pieces.push(bytePiece(normalized[at]!));
        } else if (unknownFrom < 0) unknownFrom = start;
        start = end;
      });
    }
    closeUnknown();
    return pieces;
  };
}

const encoder = new TextEncoder();
