// libjpeg's "islow" inverse DCT, with the 16-bit saturation of libjpeg-turbo's vectors: the results
// are identical even for coefficients larger than those of any image.
import { high, low } from './jpeg-vectors';

/** Fractional bits of the constants, and of the values between the passes. */
const CONSTANT_BITS = 13;
const PASS_BITS = 2;

const work: usize = memory.data(128, 16);

/** Vectors of two interleaved constants, for sums of two products. */
@inline
function pair(even: i16, odd: i16): v128 {
  return i32x4.splat((<i32>even & 0xffff) | (<i32>odd << 16));
}

@inline
function scaled(low: v128, high: v128, shift: i32): v128 {
  return i16x8.narrow_i32x4_s(i32x4.shr_s(low, shift), i32x4.shr_s(high, shift));
}

/** One pass over the eight vectors at `from`: the transform of each lane. */
@inline
function pass(from: usize, to: usize, shift: i32): void {
  // Even part.
  const in2 = v128.load(from, 32);
  const in6 = v128.load(from, 96);
  const even26L = low(in2, in6);
  const even26H = high(in2, in6);
  const c3 = pair(4433 + 6270, 4433);
  const c2 = pair(4433, 4433 - 15137);
  const tmp3L = i32x4.dot_i16x8_s(even26L, c3);
  const tmp3H = i32x4.dot_i16x8_s(even26H, c3);
  const tmp2L = i32x4.dot_i16x8_s(even26L, c2);
  const tmp2H = i32x4.dot_i16x8_s(even26H, c2);
  const in0 = v128.load(from);
  const in4 = v128.load(from, 64);
  const sum = i16x8.add(in0, in4);
  const difference = i16x8.sub(in0, in4);
  const half = i32x4.splat(1 << (shift - 1));
  const tmp0L = i32x4.add(i32x4.shl(i32x4.extend_low_i16x8_s(sum), CONSTANT_BITS), half);
  const tmp0H = i32x4.add(i32x4.shl(i32x4.extend_high_i16x8_s(sum), CONSTANT_BITS), half);
  const tmp1L = i32x4.add(i32x4.shl(i32x4.extend_low_i16x8_s(difference), CONSTANT_BITS), half);
  const tmp1H = i32x4.add(i32x4.shl(i32x4.extend_high_i16x8_s(difference), CONSTANT_BITS), half);
  const tmp10L = i32x4.add(tmp0L, tmp3L);
  const tmp10H = i32x4.add(tmp0H, tmp3H);
  const tmp13L = i32x4.sub(tmp0L, tmp3L);
  const tmp13H = i32x4.sub(tmp0H, tmp3H);
  const tmp11L = i32x4.add(tmp1L, tmp2L);
  const tmp11H = i32x4.add(tmp1H, tmp2H);
  const tmp12L = i32x4.sub(tmp1L, tmp2L);
  const tmp12H = i32x4.sub(tmp1H, tmp2H);
  // Odd part.
  const in1 = v128.load(from, 16);
  const in3 = v128.load(from, 48);
  const in5 = v128.load(from, 80);
  const in7 = v128.load(from, 112);
  const z3 = i16x8.add(in7, in3);
  const z4 = i16x8.add(in5, in1);
  const z34L = low(z3, z4);
  const z34H = high(z3, z4);
  const cz3 = pair(9633 - 16069, 9633);
  const cz4 = pair(9633, 9633 - 3196);
  const z3L = i32x4.dot_i16x8_s(z34L, cz3);
  const z3H = i32x4.dot_i16x8_s(z34H, cz3);
  const z4L = i32x4.dot_i16x8_s(z34L, cz4);
  const z4H = i32x4.dot_i16x8_s(z34H, cz4);
  const odd71L = low(in7, in1);
  const odd71H = high(in7, in1);
  const odd53L = low(in5, in3);
  const odd53H = high(in5, in3);
  const c71 = pair(2446 - 7373, -7373);
  const c17 = pair(-7373, 12299 - 7373);
  const c53 = pair(16819 - 20995, -20995);
  const c35 = pair(-20995, 25172 - 20995);
  const odd0L = i32x4.add(i32x4.dot_i16x8_s(odd71L, c71), z3L);
  const odd0H = i32x4.add(i32x4.dot_i16x8_s(odd71H, c71), z3H);
  const odd3L = i32x4.add(i32x4.dot_i16x8_s(odd71L, c17), z4L);
  const odd3H = i32x4.add(i32x4.dot_i16x8_s(odd71H, c17), z4H);
  const odd1L = i32x4.add(i32x4.dot_i16x8_s(odd53L, c53), z4L);
  const odd1H = i32x4.add(i32x4.dot_i16x8_s(odd53H, c53), z4H);
  const odd2L = i32x4.add(i32x4.dot_i16x8_s(odd53L, c35), z3L);
  const odd2H = i32x4.add(i32x4.dot_i16x8_s(odd53H, c35), z3H);
  v128.store(to, scaled(i32x4.add(tmp10L, odd3L), i32x4.add(tmp10H, odd3H), shift));
  v128.store(to, scaled(i32x4.sub(tmp10L, odd3L), i32x4.sub(tmp10H, odd3H), shift), 112);
  v128.store(to, scaled(i32x4.add(tmp11L, odd2L), i32x4.add(tmp11H, odd2H), shift), 16);
  v128.store(to, scaled(i32x4.sub(tmp11L, odd2L), i32x4.sub(tmp11H, odd2H), shift), 96);
  v128.store(to, scaled(i32x4.add(tmp12L, odd1L), i32x4.add(tmp12H, odd1H), shift), 32);
  v128.store(to, scaled(i32x4.sub(tmp12L, odd1L), i32x4.sub(tmp12H, odd1H), shift), 80);
  v128.store(to, scaled(i32x4.add(tmp13L, odd0L), i32x4.add(tmp13H, odd0H), shift), 48);
  v128.store(to, scaled(i32x4.sub(tmp13L, odd0L), i32x4.sub(tmp13H, odd0H), shift), 64);
}

@inline
function low32(a: v128, b: v128): v128 {
  return i32x4.shuffle(a, b, 0, 4, 1, 5);
}

@inline
function high32(a: v128, b: v128): v128 {
  return i32x4.shuffle(a, b, 2, 6, 3, 7);
}

/** Transposes. */
@inline
function transpose(at: usize): void {
  const r0 = v128.load(at);
  const r1 = v128.load(at, 16);
  const r2 = v128.load(at, 32);
  const r3 = v128.load(at, 48);
  const a0 = low(r0, r1);
  const a1 = high(r0, r1);
  const a2 = low(r2, r3);
  const a3 = high(r2, r3);
  const b0 = low32(a0, a2);
  const b1 = high32(a0, a2);
  const b2 = low32(a1, a3);
  const b3 = high32(a1, a3);
  const r4 = v128.load(at, 64);
  const r5 = v128.load(at, 80);
  const r6 = v128.load(at, 96);
  const r7 = v128.load(at, 112);
  const a4 = low(r4, r5);
  const a5 = high(r4, r5);
  const a6 = low(r6, r7);
  const a7 = high(r6, r7);
  const b4 = low32(a4, a6);
  const b5 = high32(a4, a6);
  const b6 = low32(a5, a7);
  const b7 = high32(a5, a7);
  v128.store(at, i64x2.shuffle(b0, b4, 0, 2));
  v128.store(at, i64x2.shuffle(b0, b4, 1, 3), 16);
  v128.store(at, i64x2.shuffle(b1, b5, 0, 2), 32);
  v128.store(at, i64x2.shuffle(b1, b5, 1, 3), 48);
  v128.store(at, i64x2.shuffle(b2, b6, 0, 2), 64);
  v128.store(at, i64x2.shuffle(b2, b6, 1, 3), 80);
  v128.store(at, i64x2.shuffle(b3, b7, 0, 2), 96);
  v128.store(at, i64x2.shuffle(b3, b7, 1, 3), 112);
}

@inline
function bytesLow(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}

@inline
function bytesHigh(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
}

/** One product of two vectors and a pair of constants, plus one half. */
@inline
function rounded(both: v128, constants: v128, half: v128): v128 {
  return i32x4.add(i32x4.dot_i16x8_s(both, constants), half);
}

/** The sum and difference of the even and odd vectors in the second pass. */
@inline
function twoColumns(
  evenL: v128, evenH: v128, evenConstants: v128,
  oddL: v128, oddH: v128, oddConstants: v128,
  sum: usize, difference: usize,
): void {
  const shift = CONSTANT_BITS + PASS_BITS + 3;
  const half = i32x4.splat(1 << (shift - 1));
  const eL = rounded(evenL, evenConstants, half);
  const eH = rounded(evenH, evenConstants, half);
  const oL = i32x4.dot_i16x8_s(oddL, oddConstants);
  const oH = i32x4.dot_i16x8_s(oddH, oddConstants);
  v128.store(sum, scaled(i32x4.add(eL, oL), i32x4.add(eH, oH), shift));
  v128.store(difference, scaled(i32x4.sub(eL, oL), i32x4.sub(eH, oH), shift));
}

/** Samples of two of the eight columns at `work`. */
@inline
function samples(upper: usize, lower: usize): v128 {
  const both = i8x16.narrow_i16x8_s(v128.load(work + upper * 16), v128.load(work + lower * 16));
  return i8x16.add(both, i8x16.splat(-128));
}

/** Samples of a block of coefficients, 8 rows of 8 bytes. */
export function inverseDct(block: usize, out: usize, stride: usize): void {
  const ac = v128.or(
    v128.or(
      v128.or(v128.load(block, 16), v128.load(block, 32)),
      v128.or(v128.load(block, 48), v128.load(block, 64)),
    ),
    v128.or(v128.or(v128.load(block, 80), v128.load(block, 96)), v128.load(block, 112)),
  );
  if (v128.any_true(ac)) {
    pass(block, work, CONSTANT_BITS - PASS_BITS);
    transpose(work);
  } else {
    const row = i16x8.shl(v128.load(block), PASS_BITS);
    v128.store(work, i16x8.shuffle(row, row, 0, 0, 0, 0, 0, 0, 0, 0));
    v128.store(work, i16x8.shuffle(row, row, 1, 1, 1, 1, 1, 1, 1, 1), 16);
    v128.store(work, i16x8.shuffle(row, row, 2, 2, 2, 2, 2, 2, 2, 2), 32);
    v128.store(work, i16x8.shuffle(row, row, 3, 3, 3, 3, 3, 3, 3, 3), 48);
    v128.store(work, i16x8.shuffle(row, row, 4, 4, 4, 4, 4, 4, 4, 4), 64);
    v128.store(work, i16x8.shuffle(row, row, 5, 5, 5, 5, 5, 5, 5, 5), 80);
    v128.store(work, i16x8.shuffle(row, row, 6, 6, 6, 6, 6, 6, 6, 6), 96);
    v128.store(work, i16x8.shuffle(row, row, 7, 7, 7, 7, 7, 7, 7, 7), 112);
  }
  pass(work, work, CONSTANT_BITS + PASS_BITS + 3);
  storeSamples(out, stride);
}

/** Rows of samples from the columns at `work`. */
@inline
function storeSamples(out: usize, stride: usize): void {
  const c04 = samples(0, 4);
  const c15 = samples(1, 5);
  const c26 = samples(2, 6);
  const c37 = samples(3, 7);
  const c01 = bytesLow(c04, c15);
  const c23 = bytesLow(c26, c37);
  const c45 = bytesHigh(c04, c15);
  const c67 = bytesHigh(c26, c37);
  const upper03 = low(c01, c23);
  const lower03 = high(c01, c23);
  const upper47 = low(c45, c67);
  const lower47 = high(c45, c67);
  storeRows(out, stride, low32(upper03, upper47), high32(upper03, upper47));
  storeRows(out + 4 * stride, stride, low32(lower03, lower47), high32(lower03, lower47));
}

@inline
function storeRows(out: usize, stride: usize, rows01: v128, rows23: v128): void {
  v128.store64_lane(out, rows01, 0);
  v128.store64_lane(out + stride, rows01, 1);
  v128.store64_lane(out + 2 * stride, rows23, 0);
  v128.store64_lane(out + 3 * stride, rows23, 1);
}

/**
 * The same for a block with nonzero values only among the four by four coefficients of a corner.
 */
export function inverseDctOfCorner(block: usize, out: usize, stride: usize): void {
  const row1 = v128.load(block, 16);
  const row2 = v128.load(block, 32);
  const row3 = v128.load(block, 48);
  if (!v128.any_true(v128.or(v128.or(row1, row2), row3))) {
    inverseDct(block, out, stride);
    return;
  }
  const c0 = pair(8192, 4433 + 6270);
  const c1 = pair(8192, 4433);
  const c2 = pair(8192, -4433);
  const c3 = pair(8192, -4433 - 6270);
  const odd0 = pair(2260, -6436);
  const odd1 = pair(6437, -11362);
  const odd2 = pair(9633, -2259);
  const odd3 = pair(11363, 9633);
  // Columns: four lanes of eight rows.
  const first = CONSTANT_BITS - PASS_BITS;
  const halfOfFirst = i32x4.splat(1 << (first - 1));
  let even = low(v128.load(block), row2);
  let odd = low(row1, row3);
  const e0 = rounded(even, c0, halfOfFirst);
  const e1 = rounded(even, c1, halfOfFirst);
  const e2 = rounded(even, c2, halfOfFirst);
  const e3 = rounded(even, c3, halfOfFirst);
  const o0 = i32x4.dot_i16x8_s(odd, odd0);
  const o1 = i32x4.dot_i16x8_s(odd, odd1);
  const o2 = i32x4.dot_i16x8_s(odd, odd2);
  const o3 = i32x4.dot_i16x8_s(odd, odd3);
  const r02 = scaled(i32x4.add(e0, o3), i32x4.add(e2, o1), first);
  const r13 = scaled(i32x4.add(e1, o2), i32x4.add(e3, o0), first);
  const r46 = scaled(i32x4.sub(e3, o0), i32x4.sub(e1, o2), first);
  const r57 = scaled(i32x4.sub(e2, o1), i32x4.sub(e0, o3), first);
  const r01 = low(r02, r13);
  const r23 = high(r02, r13);
  const r45 = low(r46, r57);
  const r67 = high(r46, r57);
  const columns01upper = low32(r01, r23);
  const columns23upper = high32(r01, r23);
  const columns01lower = low32(r45, r67);
  const columns23lower = high32(r45, r67);
  const column0 = i64x2.shuffle(columns01upper, columns01lower, 0, 2);
  const column1 = i64x2.shuffle(columns01upper, columns01lower, 1, 3);
  const column2 = i64x2.shuffle(columns23upper, columns23lower, 0, 2);
  const column3 = i64x2.shuffle(columns23upper, columns23lower, 1, 3);
  // Rows: eight lanes of eight columns.
  even = low(column0, column2);
  odd = low(column1, column3);
  const evenH = high(column0, column2);
  const oddH = high(column1, column3);
  twoColumns(even, evenH, c0, odd, oddH, odd3, work, work + 112);
  twoColumns(even, evenH, c1, odd, oddH, odd2, work + 16, work + 96);
  twoColumns(even, evenH, c2, odd, oddH, odd1, work + 32, work + 80);
  twoColumns(even, evenH, c3, odd, oddH, odd0, work + 48, work + 64);
  storeSamples(out, stride);
}

/** The same for a block with only the first coefficient nonzero. */
export function inverseDctOfDc(block: usize, out: usize, stride: usize): void {
  const value = (<i32>(<i16>(<i32>load<i16>(block) << PASS_BITS)) + 16) >> 5;
  const row = i64x2.extract_lane(i8x16.splat(<i8>(min(max(value, -128), 127) + 128)), 0);
  for (let y: usize = 0; y < 8; y++) store<i64>(out + y * stride, row);
}
