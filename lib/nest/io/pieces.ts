/** Characters of a piece: what is written in about a millisecond. */
export const PIECE = 32 * 1024;
/** An answer of fewer is one text. */
const WHOLE = 64 * 1024;

/** What `write` makes of 0 to `count`, separated by commas, in pieces. */
export function* eachPiece(
  count: number,
  write: (index: number) => string,
  separator = ',',
): Generator<string, void, undefined> {
  let text = '';
  for (let index = 0; index < count; index++) {
    text += index === 0 ? write(index) : separator + write(index);
    if (text.length < PIECE) continue;
    yield text;
    text = '';
  }
  if (text !== '') yield text;
}

export function* enclosed(
  before: string,
  pieces: Iterable<string>,
  after: string,
): Generator<string, void, undefined> {
  yield before;
  yield* pieces;
  yield after;
}

/**
 * A short text whole, and a long one as the pieces that are written when they are asked for. What
 * the beginning throws is thrown here.
 */
export function wholeOrPieces(pieces: Iterator<string>): string | Iterable<string> {
  let begun = '';
  for (let next = pieces.next(); !next.done; next = pieces.next()) {
    begun += next.value;
    if (begun.length >= WHOLE) return rest(begun, pieces);
  }
  return begun;
}

function* rest(begun: string, pieces: Iterator<string>): Generator<string, void, undefined> {
  yield begun;
  for (let next = pieces.next(); !next.done; next = pieces.next()) yield next.value;
}
