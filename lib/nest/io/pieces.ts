/** The characters of a piece, which takes about a millisecond to write. */
export const PIECE = 32 * 1024;
/** An answer with fewer characters is a single string. */
const WHOLE = 64 * 1024;

/** The results of `write` for 0 to `count`, separated by commas, in pieces. */
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
 * A short text as a string, and a long one as pieces that are written on demand. Errors at the
 * beginning are thrown here.
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
