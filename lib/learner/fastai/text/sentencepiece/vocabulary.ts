import { SentencePieceModelError } from '../../errors.js';
import { ByteTrie, NO_VALUE } from './byte-trie.js';
import type { Piece, SentencePieceModel } from './model-file.js';
import { textOfBytes } from './utf8.js';

/** Receives the parts of a text in order: the end of each, and the id of its piece. */
export type Emit = (end: number, id: number) => void;

/** The pieces of a model by bytes. */
export class Vocabulary {
  readonly pieces: readonly Piece[];
  /** The pieces that texts consist of: without those for control, bytes and unknown text. */
  readonly trie: ByteTrie;
  /** User-defined symbols, which are never split. */
  readonly symbols: ByteTrie;
  /** The id of unknown text; -1 if all text is written as bytes. */
  readonly unknown: number;

  /** @throws SentencePieceModelError */
  constructor({ pieces }: SentencePieceModel) {
    this.pieces = pieces;
    this.unknown = pieces.findIndex(({ type }) => type === 'unknown');
    this.trie = trieOf(pieces, ['normal', 'user', 'unused']);
    this.symbols = trieOf(pieces, ['user']);
  }

  idOf(bytes: Uint8Array, start: number, end: number): number {
    const id = this.trie.find(bytes, start, end);
    return id === NO_VALUE ? this.unknown : id;
  }
}

/**
 * In reverse order: a trie looks at later entries first, and frequent pieces come first in the
 * file.
 */
function trieOf(pieces: readonly Piece[], types: readonly Piece['type'][]): ByteTrie {
  const isIn = ({ type }: Piece): boolean => types.includes(type);
  const trie = new ByteTrie(
    pieces.reduce((sum, piece) => sum + (isIn(piece) ? piece.bytes.length : 0), 0),
  );
  for (let id = pieces.length - 1; id >= 0; id--) {
    const { bytes } = pieces[id]!;
    if (!isIn(pieces[id]!) || trie.add(bytes, id)) continue;
    const name = textOfBytes(bytes, 0, bytes.length);
    throw new SentencePieceModelError(`has the piece ${JSON.stringify(name.slice(0, 40))} twice`);
  }
  return trie;
}
