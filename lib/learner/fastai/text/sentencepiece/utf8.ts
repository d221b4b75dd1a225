/**
 * The bytes of a character by the high half of its first byte; a stray byte counts as one
 * character.
 */
const LENGTHS = [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 3, 4];

/** The length in bytes of the character at an offset, from its first byte, within the text. */
export function characterLength(bytes: Uint8Array, at: number): number {
  return Math.min(LENGTHS[bytes[at]! >> 4]!, bytes.length - at);
}

/** U+2581, the symbol of a space. */
export const SPACE_SYMBOL = Uint8Array.of(0xe2, 0x96, 0x81);

export function isSpaceSymbol(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === 0xe2 && bytes[at + 1] === 0x96 && bytes[at + 2] === 0x81;
}

/** The length of a word, which starts with the symbol of a space or with the text. */
export function wordLength(bytes: Uint8Array, at: number): number {
  let end = at + characterLength(bytes, at);
  while (end < bytes.length && !isSpaceSymbol(bytes, end)) end += characterLength(bytes, end);
  return end - at;
}

export function textOfBytes(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('utf8');
}
