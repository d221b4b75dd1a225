// The bits of a scan, one segment after another.

/** How far a reader may be ahead of the used bits. */
export const AHEAD: usize = 8;

/** The file's bytes that are not in the stream yet. */
export let source: usize;
let sourceEnd: usize;

/**
 * The bytes of a segment (a scan up to its next marker) in reverse, so a little-endian load has the
 * first byte on top. They end here and go down to `streamEnd`, with `next` in between.
 */
export let stream: usize;
export let streamEnd: usize;
export let next: usize;
export let bits: u64;
export let count: u64;

export let restartInterval: u32;
export let restartsLeft: u32;
let restartNumber: u32;

/** The last DC coefficient of each component. */
export const lastDc: usize = memory.data(3 * 4, 4);
/** The number of following blocks without values in this scan's band of coefficients. */
export let bandsLeft: u32;

export function beginStream(from: usize, end: usize, top: usize, interval: u32): u32 {
  source = from;
  sourceEnd = end;
  stream = top;
  restartInterval = interval;
  restartNumber = 0;
  return beginSegment();
}

@inline
function reversed(bytes: v128): v128 {
  return i8x16.shuffle(bytes, bytes, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
}

/** Copies a segment to the stream, without the zero after each 0xff. */
export function beginSegment(): u32 {
  let from = source;
  let to = stream;
  let marker: u32 = 0;
  const ones = i8x16.splat(-1);
  while (from < sourceEnd) {
    const bytes = v128.load(from);
    v128.store(to - 16, reversed(bytes));
    const found = i8x16.bitmask(i8x16.eq(bytes, ones));
    if (found == 0) {
      from += 16;
      to -= 16;
      continue;
    }
    const length = <usize>ctz(found) + 1;
    from += length;
    to -= length;
    const code = load<u8>(from);
    from++;
    if (code == 0) continue;
    marker = code;
    to++;
    break;
  }
  // Bits past the end are not from the file.
  if (from > sourceEnd) return 0;
  source = from;
  streamEnd = to;
  next = stream;
  bits = 0;
  count = 0;
  restartsLeft = restartInterval;
  memory.fill(lastDc, 0, 12);
  bandsLeft = 0;
  return marker;
}

@inline
export function usedBits(): u64 {
  return (<u64>(stream - next) << 3) - count;
}

@inline
export function bitsOfSegment(): u64 {
  return <u64>(stream - streamEnd) << 3;
}

/** Whether exactly the bytes of the segment were used. */
export function isUsedUp(): bool {
  const used = usedBits();
  const whole = bitsOfSegment();
  return used <= whole && whole - used < 8;
}

/** Whether the segment ended with the expected restart marker. */
export function isRestart(): bool {
  if (load<u8>(source - 1) != 0xd0 + restartNumber) return false;
  restartNumber = (restartNumber + 1) & 7;
  return true;
}

/** Continues after the expected restart marker, if one is due. */
export function nextMcu(): bool {
  if (restartInterval == 0) return true;
  if (restartsLeft == 0 && (!isUsedUp() || !isRestart() || beginSegment() == 0)) return false;
  restartsLeft--;
  return true;
}
