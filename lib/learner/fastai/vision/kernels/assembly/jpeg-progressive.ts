// Progressive files: scans of some bits of some coefficients, which are kept until all have
// arrived.
import { inverseDct, inverseDctOfCorner, inverseDctOfDc } from './jpeg-idct';
import { reducedDct } from './jpeg-reduced';
import { blocks, blocksInMcu } from './jpeg-scan';
import { AHEAD, bandsLeft, bits, count, isUsedUp, lastDc, next, nextMcu } from './jpeg-stream';
import { source, streamEnd } from './jpeg-stream';
import { END_OF_BLOCK, LOOK_BITS, searchCode, stepsOf } from './jpeg-tables';

@inline
function fill(): void {
  bits |= load<u64>(next - 8) >>> count;
  next -= <usize>((63 - count) >>> 3);
  count |= 56;
}

/** The next 1 to 16 bits. */
@inline
function take(length: u32): u32 {
  const taken = <u32>(bits >>> (64 - length));
  bits <<= length;
  count -= length;
  return taken;
}

/** A code's symbol, -1 for none; afterwards 40 bits are available. */
@inline
function symbol(table: usize): i32 {
  fill();
  const entry = <u64>load<u32>(table + <usize>((bits >>> (64 - LOOK_BITS)) << 2));
  if (<u8>entry != 0) {
    const length = <u32>(entry >>> 8) & 63;
    const size = (<u32>entry & 63) - length;
    take(length);
    const run = <u32>(entry >>> 24);
    return run == END_OF_BLOCK ? 0 : (run << 4) | size;
  }
  const found = searchCode(table, bits);
  if (found == 0) return -1;
  take(found >>> 8);
  return found & 255;
}

/** The value of `size` bits: a leading 0 means negative. */
@inline
function signed(size: u32): i32 {
  if (size == 0) return 0;
  const value = <i32>take(size);
  return value < 1 << (size - 1) ? value - (1 << size) + 1 : value;
}

/**
 * Writes a coefficient from bit `low` on. Returns 0 if it may exceed 16 bits with the bits still to
 * come.
 */
@inline
function put(at: usize, step: u32, value: i32, low: u32): bool {
  const divisor = <i32>(step >>> 16);
  if (divisor == 0 || abs(value) > 0x7fff >> low) return false;
  store<i16>(at + (step & 0xffff), <i16>((value << low) * divisor));
  return (abs(value << low) + (1 << low)) * divisor <= 0x7fff;
}

function firstOfDc(at: usize, block: usize, low: u32): bool {
  const component = load<u32>(block);
  const size = symbol(load<usize>(block, 4));
  if (size < 0 || size > 11) return false;
  const last = lastDc + (component << 2);
  const value = load<i32>(last) + signed(size);
  store<i32>(last, value);
  return put(at, load<u32>(stepsOf(component)), value, low);
}

function nextOfDc(at: usize, block: usize, low: u32): bool {
  fill();
  const step = load<u32>(stepsOf(load<u32>(block))) >>> 16;
  // Two's complement: the bit is added to negative values as well.
  if (take(1)) store<i16>(at, <i16>(<i32>load<i16>(at) + (step << low)));
  return true;
}

function firstOfAc(at: usize, block: usize, start: u32, end: u32, low: u32): bool {
  if (bandsLeft > 0) {
    bandsLeft--;
    return true;
  }
  const steps = stepsOf(load<u32>(block));
  const table = load<usize>(block, 8);
  for (let k = start; k <= end; k++) {
    const code = symbol(table);
    if (code < 0) return false;
    const run = code >>> 4;
    const size = code & 15;
    if (size == 0 && run < 15) {
      bandsLeft = (1 << run) - 1;
      if (run) bandsLeft += take(run);
      return true;
    }
    k += run;
    if (size == 0) continue;
    if (k > end || size > 10) return false;
    if (!put(at, load<u32>(steps + (k << 2)), signed(size), low)) return false;
  }
  return true;
}

/** Another bit for a nonzero coefficient. Returns whether it is zero. */
@inline
function refine(at: usize, step: u32, low: u32): bool {
  const place = at + (step & 0xffff);
  const coefficient = <i32>load<i16>(place);
  if (coefficient == 0) return true;
  if (count == 0) fill();
  if (take(1)) {
    const more = <i32>(step >>> 16) << low;
    store<i16>(place, <i16>(coefficient > 0 ? coefficient + more : coefficient - more));
  }
  return false;
}

function nextOfAc(at: usize, block: usize, start: u32, end: u32, low: u32): bool {
  const steps = stepsOf(load<u32>(block));
  const table = load<usize>(block, 8);
  let k = start;
  while (bandsLeft == 0 && k <= end) {
    const code = symbol(table);
    if (code < 0) return false;
    const size = code & 15;
    let run = code >>> 4;
    let value = 0;
    if (size != 0) {
      if (size != 1) return false;
      value = take(1) ? 1 : -1;
    } else if (run < 15) {
      bandsLeft = 1 << run;
      if (run) bandsLeft += take(run);
      break;
    }
    // Skips the zeros of the run, and nonzero values between them.
    while (k <= end) {
      if (refine(at, load<u32>(steps + (k << 2)), low) && run-- == 0) break;
      k++;
    }
    if (value != 0) {
      if (k > end || !put(at, load<u32>(steps + (k << 2)), value, low)) return false;
    }
    k++;
  }
  if (bandsLeft > 0) {
    for (; k <= end; k++) refine(at, load<u32>(steps + (k << 2)), low);
    bandsLeft--;
  }
  return true;
}

/**
 * Decodes a scan of `rows` times `columns` MCUs: the coefficients from `start` to `end` from bit
 * `low` on, or only that bit if others came before. Returns 0 for invalid bytes.
 */
export function jpegProgressiveScan(
  rows: u32, columns: u32, start: u32, end: u32, isFirst: u32, low: u32,
): bool {
  for (let row: u32 = 0; row < rows; row++) {
    for (let column: u32 = 0; column < columns; column++) {
      if (!nextMcu()) return false;
      for (let i: u32 = 0, block = blocks; i < blocksInMcu; i++, block += 32) {
        const at =
          load<usize>(block, 12) +
          <usize>row * load<usize>(block, 16) +
          <usize>column * load<usize>(block, 20);
        const isFine =
          start == 0
            ? isFirst
              ? firstOfDc(at, block, low)
              : nextOfDc(at, block, low)
            : isFirst
              ? firstOfAc(at, block, start, end, low)
              : nextOfAc(at, block, start, end, low);
        if (!isFine) return false;
      }
      if (next + AHEAD < streamEnd) return false;
    }
  }
  return bandsLeft == 0 && isUsedUp();
}

/** The address after the marker that ended the scan. */
export function jpegPosition(): usize {
  return source;
}

/** Samples of kept coefficients: `rows` of `columns` blocks that are `rowStep` bytes apart. */
export function jpegSamples(
  from: usize, rowStep: usize, rows: u32, columns: u32,
  out: usize, stride: usize, size: u32,
): void {
  for (let row: u32 = 0; row < rows; row++) {
    for (let column: u32 = 0; column < columns; column++) {
      const block = from + <usize>row * rowStep + <usize>column * 128;
      const to = out + <usize>(row * size) * stride + <usize>(column * size);
      if (size != 8) {
        reducedDct(block, to, stride, size);
        continue;
      }
      const row0 = v128.load(block);
      const rows12 = v128.or(v128.load(block, 16), v128.load(block, 32));
      const rows13 = v128.or(rows12, v128.load(block, 48));
      const rows47 = v128.or(
        v128.or(v128.load(block, 64), v128.load(block, 80)),
        v128.or(v128.load(block, 96), v128.load(block, 112)),
      );
      const upper = v128.or(row0, rows13);
      const outside = v128.or(rows47, i64x2.replace_lane(upper, 0, 0));
      if (v128.any_true(outside)) inverseDct(block, to, stride);
      else if (v128.any_true(rows13) || v128.any_true(i16x8.replace_lane(row0, 0, 0))) {
        inverseDctOfCorner(block, to, stride);
      } else inverseDctOfDc(block, to, stride);
    }
  }
}
