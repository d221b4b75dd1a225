import { SentencePieceModelError } from '../../errors.js';
import { ByteTrie, NO_VALUE } from './byte-trie.js';
import type { Piece, SentencePieceModel } from './model-file.js';
import { textOfBytes } from './utf8.js';

/** Is told of the parts of a text in order: where each ends, and the id of its piece. */
export type Emit = (end: number, id: number) => void;

/** The pieces of a model by their bytes. */
export class Vocabulary {
  readonly pieces: readonly Piece[];
  /** The pieces that texts are made of: not those for control, for bytes and for what is unknown. */
  readonly trie: ByteTrie;
  /** User-defined symbols, which stay whole. */
  readonly symbols: ByteTrie;
  /** The id of what is unknown; -1 where all is written as bytes. */
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

/** The last first: a trie looks at what came last before the others, and frequent pieces are first. */
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
