// From the bytes of a scan to samples, a row of MCUs (the scan's units) at a time.
import { inverseDct, inverseDctOfCorner, inverseDctOfDc } from './jpeg-idct';
import { reducedDct } from './jpeg-reduced';
import { AHEAD, beginSegment, beginStream, bits, bitsOfSegment, count } from './jpeg-stream';
import { isRestart, isUsedUp, lastDc, next, nextMcu, restartInterval } from './jpeg-stream';
import { source, streamEnd, usedBits } from './jpeg-stream';
import { acEntry, dcEntry, END_OF_BLOCK, LOOK_BITS, searchCode } from './jpeg-tables';
import { stepsOf, tableOf } from './jpeg-tables';

/** The coefficients of a block, and space past it. */
const block: usize = memory.data(144, 16);

// For each block of an MCU.
export const blocks: usize = memory.data(6 * 32, 16);
export let blocksInMcu: u32;

/**
 * Begins a scan in the file's bytes from `from` to `end`. `top` is the end of memory for as many
 * bytes. Returns the marker after the first segment, or 0 if there is none.
 */
export function jpegScan(from: usize, end: usize, top: usize, interval: u32): u32 {
  blocksInMcu = 0;
  // An abandoned scan may have left data.
  clear(block);
  return beginStream(from, end, top, interval);
}

/**
 * Adds a block to the MCU. It has `size` by `size` samples, which go to `plane`, `step` bytes
 * further for each MCU.
 */
export function jpegBlock(
  component: u32, dc: u32, ac: u32,
  size: u32, plane: usize, stride: usize, step: usize,
): void {
  const at = blocks + blocksInMcu * 32;
  store<u32>(at, component);
  store<usize>(at, tableOf(dc), 4);
  store<usize>(at, tableOf(ac), 8);
  store<usize>(at, plane, 12);
  store<usize>(at, stride, 16);
  store<usize>(at, step, 20);
  store<u32>(at, size, 24);
  blocksInMcu++;
}

/**
 * Whether the scan is as it should be up to where it was decoded, and ends with the image's end:
 * where that was its last MCU, or somewhere later.
 */
export function jpegEnd(isLast: bool): bool {
  if (isLast ? !isUsedUp() : usedBits() > bitsOfSegment()) return false;
  while (!isLast && isRestart()) {
    if (beginSegment() == 0) return false;
  }
  return load<u8>(source - 1) == 0xd9;
}

/**
 * Decodes a row of `mcus` MCUs, and makes samples of those from `first` on and before `end`.
 * Returns 0 for invalid bytes.
 */
export function jpegDecodeRow(mcus: u32, first: u32, end: u32): bool {
  let b = bits;
  let n = count;
  let p = next;
  for (let mcu: u32 = 0; mcu < mcus; mcu++) {
    if (restartInterval != 0) {
      bits = b;
      count = n;
      next = p;
      if (!nextMcu()) return false;
      b = bits;
      n = count;
      p = next;
    }
    const wanted = mcu >= first && mcu < end;
    for (let i: u32 = 0, at = blocks; i < blocksInMcu; i++, at += 32) {
      const steps = stepsOf(load<u32>(at));
      const dc = load<usize>(at, 4);
      const ac = load<usize>(at, 8);

      // A DC coefficient has at most 27 bits, an AC coefficient 26.
      b |= load<u64>(p - 8) >>> n;
      p -= <usize>((63 - n) >>> 3);
      n |= 56;

      let entry = <u64>load<u32>(dc + <usize>((b >>> (64 - LOOK_BITS)) << 2));
      if (<u8>entry == 0) {
        const found = searchCode(dc, b);
        const size = found & 255;
        if (found == 0 || size > 11) return false;
        const length = found >>> 8;
        entry = dcEntry(length, size);
      }
      let t = b << (entry >>> 8);
      let mask = ~(<i64>t >> 63);
      let value = <i32>((t >>> 1) >>> (entry >>> 16)) - <i32>((<u64>mask >>> 1) >>> (entry >>> 16));
      b <<= entry;
      n -= entry & 63;
      const lastDcAt = lastDc + (load<u32>(at) << 2);
      value += load<i32>(lastDcAt);
      store<i32>(lastDcAt, value);
      store<i16>(block, <i16>(value * (load<u32>(steps) >>> 16)));

      let k: u32 = 1;
      while (true) {
        entry = <u64>load<u32>(ac + <usize>((b >>> (64 - LOOK_BITS)) << 2));
        if (<u8>entry == 0) {
          const found = searchCode(ac, b);
          const size = found & 15;
          const run = (found >>> 4) & 15;
          const length = found >>> 8;
          if (found == 0 || size > 10) return false;
          if (size == 0 && run != 0) {
            if (run != 15) return false;
            // Sixteen zeros.
            b <<= length;
            n -= length;
            k += 16;
            if (k >= 64) break;
            b |= load<u64>(p - 8) >>> n;
            p -= <usize>((63 - n) >>> 3);
            n |= 56;
            continue;
          }
          entry = acEntry(length, size, run);
        }
        k += <u32>(entry >>> 24);
        t = b << (entry >>> 8);
        mask = ~(<i64>t >> 63);
        value = <i32>(t >>> (entry >>> 16)) - <i32>(<u64>mask >>> (entry >>> 16));
        b <<= entry;
        n -= entry & 63;
        const step = load<u32>(steps + (k << 2));
        store<i16>(block + (step & 0xffff), <i16>(value * (step >>> 16)));
        k++;
        if (k >= 64) break;
        if (n < 26) {
          b |= load<u64>(p - 8) >>> n;
          p -= <usize>((63 - n) >>> 3);
          n |= 56;
        }
      }
      // Past the block without its end: the run was too long.
      if (k > 64 && k <= END_OF_BLOCK) return false;

      const plane = load<usize>(at, 12);
      const stride = load<usize>(at, 16);
      if (wanted) {
        const out = plane + <usize>(mcu - first) * load<usize>(at, 20);
        const size = load<u32>(at, 24);
        // The first ten coefficients of the file's order are in a corner of four by four.
        if (size != 8) reducedDct(block, out, stride, size);
        else if (k == END_OF_BLOCK + 2) inverseDctOfDc(block, out, stride);
        else if (k > END_OF_BLOCK && k <= END_OF_BLOCK + 11) inverseDctOfCorner(block, out, stride);
        else inverseDct(block, out, stride);
      }
      clear(block);
    }
    // There is memory past the end for everything that one MCU can write.
    if (p + AHEAD < streamEnd) return false;
  }
  bits = b;
  count = n;
  next = p;
  return true;
}

@inline
function clear(block: usize): void {
  const zero = i64x2.splat(0);
  v128.store(block, zero);
  v128.store(block, zero, 16);
  v128.store(block, zero, 32);
  v128.store(block, zero, 48);
  v128.store(block, zero, 64);
  v128.store(block, zero, 80);
  v128.store(block, zero, 96);
  v128.store(block, zero, 112);
}

