import { DamagedImageError } from '../../errors.js';

/** Pixel indices, rows from the bottom; pixels that a row or a jump skips have index 0. */
export function bmpRunLengths(
  bytes: Uint8Array,
  start: number,
  width: number,
  height: number,
  nibbles: boolean,
): Uint8Array {
  const out = new Uint8Array(width * height);
  let at = start;
  let to = 0;
  let x = 0;
  while (to < out.length && at + 1 < bytes.length) {
    const count = bytes[at++]!;
    const value = bytes[at++]!;
    if (count > 0) {
      // A run does not continue in the next row.
      const fits = Math.min(count, Math.max(0, width - x));
      for (let i = 0; i < fits && to < out.length; i++) {
        out[to++] = nibbles ? (i % 2 === 0 ? value >> 4 : value & 15) : value;
      }
      x += fits;
    } else if (value === 0) {
      to = Math.ceil(to / width) * width;
      x = 0;
    } else if (value === 1) {
      break;
    } else if (value === 2) {
      if (at + 1 >= bytes.length) break;
      to = Math.min(out.length, to + bytes[at]! + bytes[at + 1]! * width);
      at += 2;
      x = to % width;
    } else {
      const pixels = Math.min(out.length - to, value);
      const size = nibbles ? Math.ceil(pixels / 2) : pixels;
      for (let i = 0; i < pixels; i++) {
        const byte = bytes[at + (nibbles ? i >> 1 : i)];
        if (byte === undefined) throw cutOff();
        out[to++] = nibbles ? (i % 2 === 0 ? byte >> 4 : byte & 15) : byte;
      }
      at += size;
      x += value;
      // Literal pixels end at an even offset of the file.
      if (at % 2 !== 0) at++;
    }
  }
  if (to < out.length) throw cutOff();
  return out;
}

function cutOff(): DamagedImageError {
  return new DamagedImageError('BMP', 'its pixels end early');
}
