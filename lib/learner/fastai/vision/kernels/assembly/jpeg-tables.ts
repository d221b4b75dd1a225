// Tables of a JPEG file in the form for jpeg-scan.ts.

/** Bits that are looked up at once. Longer codes are rare, so a search finds them. */
export const LOOK_BITS: u64 = 10;

const LOOK_SIZE: usize = (1 << 10) * 4;
/** First code, end of codes and first symbol of each length. */
const RANGES_SIZE: usize = 3 * 17 * 4;
/** Looked-up entries, ranges, symbols. */
const TABLE_SIZE: usize = LOOK_SIZE + RANGES_SIZE + 256;

const tables: usize = memory.data(((1 << 10) * 4 + 3 * 17 * 4 + 256) * 4, 16);

// prettier-ignore
const naturalOrder = memory.data<u8>([
   0,  1,  8, 16,  9,  2,  3, 10, 17, 24, 32, 25, 18, 11,  4,  5,
  12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13,  6,  7, 14, 21, 28,
  35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51,
  58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
]);

/** An entry's run for "end of block": it ends every loop over coefficients. */
export const END_OF_BLOCK: u32 = 128;

/** Table of DC (0, 1) or AC coefficients (2, 3). */
@inline
export function tableOf(slot: u32): usize {
  return tables + (<usize>slot) * TABLE_SIZE;
}

/**
 * The lookup entry for the code of a DC coefficient: bits of code and value together, from bit 8 on
 * bits of the code, from bit 16 on 63 - bits of the value. 0 means that a search is needed.
 */
@inline
export function dcEntry(length: u32, size: u32): u32 {
  return (length + size) | (length << 8) | ((63 - size) << 16);
}

/** The same for an AC coefficient, with 64 - bits of the value, and from bit 24 on the run. */
@inline
export function acEntry(length: u32, size: u32, run: u32): u32 {
  const advance = size == 0 ? END_OF_BLOCK : run;
  return (length + size) | (length << 8) | (((64 - size) & 63) << 16) | (advance << 24);
}

function entryOf(symbol: u32, length: u32, isAc: bool): u32 {
  if (!isAc) return symbol > 11 ? 0 : dcEntry(length, symbol);
  // Sixteen zeros have no value; larger values do not occur in 8-bit images.
  const size = symbol & 15;
  return size > 10 || (size == 0 && symbol != 0) ? 0 : acEntry(length, size, symbol >>> 4);
}

/** Reads a Huffman table from 16 counts and 256 symbols. Returns whether it is valid. */
export function jpegHuffmanTable(slot: u32, source: usize): bool {
  const isAc = slot >= 2;
  const look = tableOf(slot);
  const ranges = look + LOOK_SIZE;
  memory.fill(look, 0, LOOK_SIZE);
  memory.copy(ranges + RANGES_SIZE, source + 16, 256);
  let code: u32 = 0;
  let symbols: u32 = 0;
  for (let length: u32 = 1; length <= 16; length++) {
    const count = <u32>load<u8>(source + length - 1);
    store<u32>(ranges + length * 12, code);
    store<u32>(ranges + length * 12 + 4, code + count);
    store<u32>(ranges + length * 12 + 8, symbols);
    // No code is all ones, and there are at most 256 symbols.
    if (count != 0 && (code + count >= 1 << length || symbols + count > 256)) return false;
    for (let i: u32 = 0; i < count; i++) {
      const symbol = <u32>load<u8>(source + 16 + symbols + i);
      if (!isAc && symbol > 15) return false;
      if (length <= <u32>LOOK_BITS) {
        const entry = entryOf(symbol, length, isAc);
        const spread: u32 = <u32>LOOK_BITS - length;
        const from = look + (((code + i) << spread) << 2);
        for (let at: usize = 0; at < <usize>4 << spread; at += 4) store<u32>(from + at, entry);
      }
    }
    code = (code + count) << 1;
    symbols += count;
  }
  return true;
}

/** The length of the code at the start of `bits` << 8 | its symbol; 0 for none. */
export function searchCode(table: usize, bits: u64): u32 {
  const ranges = table + LOOK_SIZE;
  for (let length: u32 = 1; length <= 16; length++) {
    const code = <u32>(bits >>> (64 - length));
    const first = load<u32>(ranges + length * 12);
    if (code >= first && code < load<u32>(ranges + length * 12 + 4)) {
      const symbol = load<u32>(ranges + length * 12 + 8) + code - first;
      return (length << 8) | load<u8>(ranges + RANGES_SIZE + symbol);
    }
  }
  return 0;
}

/** Where unwanted coefficients go: after those of the block. */
const BEYOND: u32 = 128;
/** Positions up to END_OF_BLOCK, the last of the block and another run past it. */
const POSITIONS: u32 = 256;

const steps: usize = memory.data(3 * 256 * 4, 16);

/** For each position in the file's order: the offset in the block, in bytes | its divisor << 16. */
@inline
export function stepsOf(component: u32): usize {
  return steps + component * POSITIONS * 4;
}

/** Reads the divisors of a component: 64 numbers of 16 bits, in the file's order. */
export function jpegDivisors(component: u32, source: usize): void {
  for (let k: u32 = 0; k < POSITIONS; k++) {
    const step =
      k < 64
        ? (<u32>load<u8>(naturalOrder + k) << 1) | (<u32>load<u16>(source + k * 2) << 16)
        : BEYOND;
    store<u32>(stepsOf(component) + k * 4, step);
  }
}
