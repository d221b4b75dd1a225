// libjpeg's inverse DCTs with fewer samples per block, for images decoded at a half, a quarter or
// an eighth of their size.

const CONSTANT_BITS = 13;
const PASS_BITS = 2;

const work: usize = memory.data(4 * 8 * 4, 16);

/** A coefficient, or a result of the column pass. */
@inline
function value(from: usize, index: usize, isWork: bool): i32 {
  return isWork ? load<i32>(from + index * 4) : <i32>load<i16>(from + index * 2);
}

@inline
function descaled(sum: i32, shift: i32): i32 {
  return (sum + (1 << (shift - 1))) >> shift;
}

@inline
function sample(sum: i32, shift: i32): u8 {
  return <u8>(min(max(descaled(sum, shift), -128), 127) + 128);
}

/** The result of the odd four of eight values, each with a factor. */
@inline
function odd(from: usize, step: usize, isWork: bool, c1: i32, c3: i32, c5: i32, c7: i32): i32 {
  return (
    value(from, step, isWork) * c1 +
    value(from, 3 * step, isWork) * c3 +
    value(from, 5 * step, isWork) * c5 +
    value(from, 7 * step, isWork) * c7
  );
}

@inline
function even(from: usize, step: usize, isWork: bool): i32 {
  return value(from, 2 * step, isWork) * 15137 - value(from, 6 * step, isWork) * 6270;
}

function toFour(block: usize, out: usize, stride: usize): void {
  const first = CONSTANT_BITS - PASS_BITS + 1;
  for (let x: usize = 0; x < 8; x++) {
    // The row pass does not use it.
    if (x == 4) continue;
    const column = block + x * 2;
    const to = work + x * 4;
    const base = value(column, 0, false) << (CONSTANT_BITS + 1);
    const inner = even(column, 8, false);
    const near = odd(column, 8, false, 8697, -17799, 11893, -1730);
    const far = odd(column, 8, false, 20995, 7373, -4926, -4176);
    store<i32>(to, descaled(base + inner + far, first));
    store<i32>(to, descaled(base - inner + near, first), 32);
    store<i32>(to, descaled(base - inner - near, first), 64);
    store<i32>(to, descaled(base + inner - far, first), 96);
  }
  const last = CONSTANT_BITS + PASS_BITS + 4;
  for (let row = work; row < work + 128; row += 32, out += stride) {
    const base = value(row, 0, true) << (CONSTANT_BITS + 1);
    const inner = even(row, 1, true);
    const near = odd(row, 1, true, 8697, -17799, 11893, -1730);
    const far = odd(row, 1, true, 20995, 7373, -4926, -4176);
    store<u8>(out, sample(base + inner + far, last));
    store<u8>(out, sample(base - inner + near, last), 1);
    store<u8>(out, sample(base - inner - near, last), 2);
    store<u8>(out, sample(base + inner - far, last), 3);
  }
}

function toTwo(block: usize, out: usize, stride: usize): void {
  const first = CONSTANT_BITS - PASS_BITS + 2;
  for (let x: usize = 0; x < 8; x++) {
    if (x == 2 || x == 4 || x == 6) continue;
    const column = block + x * 2;
    const base = value(column, 0, false) << (CONSTANT_BITS + 2);
    const difference = odd(column, 8, false, 29692, -10426, 6967, -5906);
    store<i32>(work + x * 4, descaled(base + difference, first));
    store<i32>(work + x * 4, descaled(base - difference, first), 32);
  }
  const last = CONSTANT_BITS + PASS_BITS + 5;
  for (let row = work; row < work + 64; row += 32, out += stride) {
    const base = value(row, 0, true) << (CONSTANT_BITS + 2);
    const difference = odd(row, 1, true, 29692, -10426, 6967, -5906);
    store<u8>(out, sample(base + difference, last));
    store<u8>(out, sample(base - difference, last), 1);
  }
}

/** Samples of a block of coefficients: `size` by `size`, with sizes 4, 2 or 1. */
export function reducedDct(block: usize, out: usize, stride: usize, size: u32): void {
  if (size == 4) toFour(block, out, stride);
  else if (size == 2) toTwo(block, out, stride);
  else store<u8>(out, sample(<i32>load<i16>(block), 3));
}
