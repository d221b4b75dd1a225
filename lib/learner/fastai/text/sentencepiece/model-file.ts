import { isUtf8 } from 'node:buffer';
import { fieldsOf, textOf, type Field } from '../../../onnx/proto/protobuf-reader.js';
import { SentencePieceModelError } from '../../errors.js';

/** Limits for a model file. The largest published vocabularies have a quarter of them. */
export const MOST_BYTES = 64 * 2 ** 20;
const MOST_PIECES = 2 ** 20;
const MOST_PIECE_BYTES = 16 * 2 ** 20;
const LONGEST_PIECE = 4096;

export type PieceType = 'normal' | 'unknown' | 'control' | 'user' | 'unused' | 'byte';

export interface Piece {
  readonly bytes: Uint8Array;
  readonly score: number;
  readonly type: PieceType;
}

/** The facts in a `.model` file about splitting texts into pieces. */
export interface SentencePieceModel {
  readonly algorithm: 'unigram' | 'bpe' | 'word' | 'char';
  readonly pieces: readonly Piece[];
  /** Whether unknown pieces are written as their bytes. */
  readonly byteFallback: boolean;
  /** Whether spaces end words instead of beginning them. */
  readonly spaceAsSuffix: boolean;
  /** The normalization rules as in the file; empty for `identity`. */
  readonly charsmap: Uint8Array;
  readonly addDummyPrefix: boolean;
  readonly removeExtraWhitespaces: boolean;
  readonly escapeWhitespaces: boolean;
}

const ALGORITHMS = new Map([
  [1, 'unigram'],
  [2, 'bpe'],
  [3, 'word'],
  [4, 'char'],
] as const);

const TYPES = new Map<number, PieceType>([
  [1, 'normal'],
  [2, 'unknown'],
  [3, 'control'],
  [4, 'user'],
  [5, 'unused'],
  [6, 'byte'],
]);

/**
 * Reads the `ModelProto` of sentencepiece_model.proto. Refuses what `SentencePieceProcessor.Load`
 * refuses.
 *
 * @throws SentencePieceModelError
 */
export function readSentencePieceModel(bytes: Uint8Array): SentencePieceModel {
  if (bytes.length > MOST_BYTES) {
    throw new SentencePieceModelError(`has more than ${MOST_BYTES} bytes`);
  }
  try {
    // Slices of a Buffer are not copies.
    return readModel(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length));
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new SentencePieceModelError(
      `does not have the form of sentencepiece_model.proto (${error.message})`,
    );
  }
}

function readModel(bytes: Uint8Array): SentencePieceModel {
  const pieces: Piece[] = [];
  const trainer = { algorithm: 1, byteFallback: false, spaceAsSuffix: false };
  const normalizer = { charsmap: new Uint8Array(), dummy: true, remove: true, escape: true };
  let pieceBytes = 0;
  for (const { number, body, delimited } of fieldsOf(bytes)) {
    if (!delimited) continue;
    if (number === 1) {
      const piece = readPiece(body);
      pieceBytes += piece.bytes.length;
      if (pieces.length === MOST_PIECES || pieceBytes > MOST_PIECE_BYTES) {
        throw new SentencePieceModelError(
          `has more than ${MOST_PIECES} pieces, or pieces of more than ${MOST_PIECE_BYTES} bytes in all`,
        );
      }
      pieces.push(piece);
    } else if (number === 2) {
      for (const field of fieldsOf(body)) {
        if (field.number === 3 && ALGORITHMS.has(field.int as 1)) trainer.algorithm = field.int;
        else if (field.number === 24) trainer.spaceAsSuffix = isTrue(field);
        else if (field.number === 35) trainer.byteFallback = isTrue(field);
      }
    } else if (number === 3) {
      for (const field of fieldsOf(body)) {
        if (field.number === 2 && field.delimited) normalizer.charsmap = field.body.slice();
        else if (field.number === 3) normalizer.dummy = isTrue(field);
        else if (field.number === 4) normalizer.remove = isTrue(field);
        else if (field.number === 5) normalizer.escape = isTrue(field);
      }
    }
  }
  const model: SentencePieceModel = {
    algorithm: ALGORITHMS.get(trainer.algorithm as 1)!,
    pieces,
    byteFallback: trainer.byteFallback,
    spaceAsSuffix: trainer.spaceAsSuffix,
    charsmap: normalizer.charsmap,
    addDummyPrefix: normalizer.dummy,
    removeExtraWhitespaces: normalizer.remove,
    escapeWhitespaces: normalizer.escape,
  };
  checkPieces(model);
  return model;
}

const isTrue = ({ int }: Field): boolean => int !== 0;

function readPiece(message: Uint8Array): Piece {
  let bytes = new Uint8Array();
  let score = 0;
  let type: PieceType = 'normal';
  for (const { number, body, int, delimited } of fieldsOf(message)) {
    if (number === 1 && delimited) bytes = body.slice();
    else if (number === 2 && !delimited && body.length === 4) {
      score = new DataView(body.buffer, body.byteOffset).getFloat32(0, true);
    } else if (number === 3) type = TYPES.get(int) ?? type;
  }
  if (bytes.length > LONGEST_PIECE) {
    throw new SentencePieceModelError(`has a piece of more than ${LONGEST_PIECE} bytes`);
  }
  if (!isUtf8(bytes)) throw new SentencePieceModelError('has a piece that is not UTF-8');
  if (bytes.includes(0)) throw new SentencePieceModelError('has a piece with the character NUL');
  return { bytes, score, type };
}

function checkPieces({ algorithm, pieces, byteFallback }: SentencePieceModel): void {
  const count = (type: PieceType): number => pieces.filter((piece) => piece.type === type).length;
  const refuse = (fact: string): never => {
    throw new SentencePieceModelError(fact);
  };
  if (pieces.every(({ type }) => type !== 'normal' && type !== 'user')) refuse('has no pieces');
  if (pieces.some(({ bytes }) => bytes.length === 0)) refuse('has an empty piece');
  if (!pieces.every(({ score }) => Number.isFinite(score))) {
    refuse('has a score that is not a finite number');
  }
  const unknown = count('unknown');
  if (unknown > 1 || (unknown === 0 && !byteFallback)) {
    refuse(`has ${unknown} unknown pieces instead of one`);
  }
  if (algorithm !== 'unigram' && count('unused') > 0) {
    refuse(
      'has unused pieces, and versions of sentencepiece split them in different ways ' +
        `(${algorithm})`,
    );
  }
  const written = pieces.filter(({ type }) => type === 'byte').map(({ bytes }) => textOf(bytes));
  const expected = Array.from({ length: byteFallback ? 256 : 0 }, (_, byte) => bytePiece(byte));
  if (written.sort().join() !== expected.sort().join()) {
    refuse(`has ${written.length} pieces for bytes, but byte_fallback requires ${expected.length}`);
  }
}

/** The piece of a byte that is not part of another piece. */
export function bytePiece(byte: number): string {
  return `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`;
}
