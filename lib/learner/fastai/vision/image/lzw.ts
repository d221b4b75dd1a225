import { DamagedImageError } from '../../errors.js';

const LONGEST_CODE = 12;
const TABLE = 1 << LONGEST_CODE;

/** Variable-length LZW. @throws DamagedImageError for impossible codes, or an early end. */
export function lzwDecode(
  blocks: Iterable<Uint8Array>,
  minimumBits: number,
  count: number,
): Uint8Array {
  if (minimumBits > LONGEST_CODE) throw broken();
  const out = new Uint8Array(count);
  const clear = 1 << minimumBits;
  const end = clear + 1;
  // Entry c is the string of entry prefix[c] and suffix[c], of that length.
  const prefix = new Int16Array(TABLE);
  const suffix = new Uint8Array(TABLE);
  const length = new Int32Array(TABLE).fill(1);
  for (let i = 0; i < clear && i < TABLE; i++) suffix[i] = i;
  let next = clear + 2;
  let bits = minimumBits + 1;
  let previous = -1;
  let written = 0;
  let buffer = 0;
  let held = 0;

  const firstOf = (code: number): number => {
    let at = code;
    while (at >= clear) at = prefix[at]!;
    return at;
  };
  const write = (code: number): void => {
    const size = length[code]!;
    let at = code;
    for (let i = written + size - 1; i >= written; i--) {
      if (i < count) out[i] = suffix[at]!;
      at = prefix[at]!;
    }
    written += size;
  };

  for (const block of blocks) {
    for (const byte of block) {
      buffer |= byte << held;
      held += 8;
      while (held >= bits) {
        const code = buffer & ((1 << bits) - 1);
        buffer >>>= bits;
        held -= bits;
        if (code === clear) {
          next = clear + 2;
          bits = minimumBits + 1;
          previous = -1;
          continue;
        }
        if (code === end) throw new DamagedImageError('GIF', 'its pixels end early');
        if (previous < 0) {
          if (code > clear) throw broken();
          write(code);
        } else {
          if (code > next) throw broken();
          const known = code < next;
          const first = firstOf(known ? code : previous);
          if (next < TABLE) {
            prefix[next] = previous;
            suffix[next] = first;
            length[next] = length[previous]! + 1;
            write(code);
            if (next === (1 << bits) - 1 && bits < LONGEST_CODE) bits++;
            next++;
          } else if (known) {
            write(code);
          } else throw broken();
        }
        if (written >= count) return out;
        previous = code;
      }
    }
  }
  throw new DamagedImageError('GIF', 'it is truncated');
}

function broken(): DamagedImageError {
  return new DamagedImageError('GIF', 'its compressed pixels are broken');
}
