import type { SentencePieceModel } from './model-file.js';
import { Bpe } from './bpe.js';
import { Unigram, type Scoring } from './unigram.js';
import { characterLength, wordLength } from './utf8.js';
import type { Emit, Vocabulary } from './vocabulary.js';

/** Splits a normalized text, which is not empty. */
export type Segment = (text: Uint8Array, emit: Emit) => void;

export function segmenterOf(
  model: SentencePieceModel,
  vocabulary: Vocabulary,
  scoring: Scoring,
): Segment {
  switch (model.algorithm) {
    case 'unigram': {
      const unigram = new Unigram(vocabulary, scoring);
      return (text, emit) => unigram.segment(text, emit);
    }
    case 'bpe': {
      const bpe = new Bpe(vocabulary);
      return (text, emit) => bpe.segment(text, emit);
    }
    case 'word':
      return (text, emit) => splitAt(text, vocabulary, (at) => wordLength(text, at), emit);
    case 'char':
      return (text, emit) =>
        splitAt(
          text,
          vocabulary,
          (at) => vocabulary.symbols.longest(text, at) || characterLength(text, at),
          emit,
        );
  }
}

function splitAt(
  text: Uint8Array,
  vocabulary: Vocabulary,
  lengthAt: (at: number) => number,
  emit: Emit,
): void {
  for (let start = 0; start < text.length;) {
    const end = start + lengthAt(start);
    emit(end, vocabulary.idOf(text, start, end));
    start = end;
  }
}
