// From samples to red, green and blue: libjpeg's "fancy" upsampling, and its tables' arithmetic.
import { high, low } from './jpeg-vectors';

/** Cr's part of red: 1.402, with an exact integer part and a rounded fraction. */
@inline
function redOf(cr: v128): v128 {
  return i16x8.add(cr, i16x8.q15mulr_sat_s(cr, i16x8.splat(13173)));
}

/** Cb's part of blue: 1.772. */
@inline
function blueOf(cb: v128): v128 {
  return i16x8.add(i16x8.add(cb, cb), i16x8.q15mulr_sat_s(cb, i16x8.splat(-7471)));
}

/** The parts of both in green: 0.34414 and 0.71414. */
@inline
function greenOf(cb: v128, cr: v128): v128 {
  const factors = i32x4.splat((-22554 & 0xffff) | (18734 << 16));
  const half = i32x4.splat(1 << 15);
  const lower = i32x4.shr_s(i32x4.add(i32x4.dot_i16x8_s(low(cb, cr), factors), half), 16);
  const upper = i32x4.shr_s(i32x4.add(i32x4.dot_i16x8_s(high(cb, cr), factors), half), 16);
  return i16x8.sub(i16x8.narrow_i32x4_s(lower, upper), cr);
}

/** Even and odd samples, clipped and interleaved. */
@inline
function bytesOf(even: v128, odd: v128): v128 {
  const bytes = i8x16.narrow_i16x8_u(even, odd);
  return i8x16.shuffle(bytes, bytes, 0, 8, 1, 9, 2, 10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15);
}

/** Chroma between two sums of {@link addRows}, minus its centre. */
@inline
function between(near: v128, far: usize, bias: v128, shift: i32): v128 {
  const sum = i16x8.add(i16x8.add(near, v128.load(far)), bias);
  return i16x8.sub(i16x8.shr_u(sum, shift), i16x8.splat(128));
}

/** A row whose chroma has half as many columns: `cb` and `cr` are sums of {@link addRows}. */
@inline
function doubledRow(
  y: usize, cb: usize, cr: usize, out: usize, plane: usize, width: u32,
  shift: i32, even: i16, odd: i16,
): void {
  const three = i16x8.splat(3);
  const evenBias = i16x8.splat(even);
  const oddBias = i16x8.splat(odd);
  for (let x: usize = 0; x < width; x += 16) {
    const cbNear = i16x8.mul(v128.load(cb + x), three);
    const cbE = between(cbNear, cb + x - 2, evenBias, shift);
    const cbO = between(cbNear, cb + x + 2, oddBias, shift);
    const crNear = i16x8.mul(v128.load(cr + x), three);
    const crE = between(crNear, cr + x - 2, evenBias, shift);
    const crO = between(crNear, cr + x + 2, oddBias, shift);
    const luma = v128.load(y + x);
    const yE = v128.and(luma, i16x8.splat(255));
    const yO = i16x8.shr_u(luma, 8);
    const greenE = i16x8.add(yE, greenOf(cbE, crE));
    const greenO = i16x8.add(yO, greenOf(cbO, crO));
    v128.store(out + x, bytesOf(i16x8.add(yE, redOf(crE)), i16x8.add(yO, redOf(crO))));
    v128.store(out + plane + x, bytesOf(greenE, greenO));
    const blueE = i16x8.add(yE, blueOf(cbE));
    const blueO = i16x8.add(yO, blueOf(cbO));
    v128.store(out + 2 * plane + x, bytesOf(blueE, blueO));
  }
}

/** A row whose chroma has as many columns. */
function plainRow(y: usize, cb: usize, cr: usize, out: usize, plane: usize, width: u32): void {
  const centre = i16x8.splat(128);
  for (let x: u32 = 0; x < width; x += 8) {
    const luma = v128.load_ext<u8>(y + x);
    const blue = i16x8.sub(v128.load_ext<u8>(cb + x), centre);
    const red = i16x8.sub(v128.load_ext<u8>(cr + x), centre);
    store8(out + x, i16x8.add(luma, redOf(red)));
    store8(out + plane + x, i16x8.add(luma, greenOf(blue, red)));
    store8(out + 2 * plane + x, i16x8.add(luma, blueOf(blue)));
  }
}

@inline
function store8(to: usize, values: v128): void {
  v128.store64_lane(to, i8x16.narrow_i16x8_u(values, values), 0);
}

/** Sums of 16 bits: the samples of a row, or three times those plus those of another row. */
@inline
function addRows(near: usize, far: usize, out: usize, width: u32, rows: bool): void {
  const three = i16x8.splat(3);
  for (let x: u32 = 0; x < width; x += 8) {
    let sum = v128.load_ext<u8>(near + x);
    if (rows) sum = i16x8.add(i16x8.mul(sum, three), v128.load_ext<u8>(far + x));
    v128.store(out + x * 2, sum);
  }
  // Values past the first and last column repeat them.
  store<u16>(out - 2, load<u16>(out));
  store<u16>(out + width * 2, load<u16>(out + width * 2 - 2));
}

/** Samples between two rows. */
function betweenRows(near: usize, far: usize, out: usize, width: u32, bias: i16): void {
  const three = i16x8.splat(3);
  const half = i16x8.splat(bias);
  for (let x: u32 = 0; x < width; x += 8) {
    const most = i16x8.mul(v128.load_ext<u8>(near + x), three);
    const sum = i16x8.add(most, v128.load_ext<u8>(far + x));
    store8(out + x, i16x8.shr_u(i16x8.add(sum, half), 2));
  }
}

/** Each sample twice. */
function twice(from: usize, out: usize, width: u32): void {
  for (let x: u32 = 0; x < width; x += 8) {
    const samples = v128.load64_zero(from + x);
    const doubled = i8x16.shuffle(samples, samples, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7);
    v128.store(out + 2 * x, doubled);
  }
}

/**
 * Rows of red, green and blue, from `row` on. Samples of luma are at `y`, which is that row; `cb`
 * and `cr` are where the image's first row of chroma would be. Chroma has `chromaWidth` columns,
 * rows up to `lastChroma`, and `h` times `v` pixels per sample. Pixels are interpolated between
 * samples if `isSmooth`. `work` has room for two rows of chroma in 16 bits, with 16 bytes before
 * each.
 */
export function jpegColours(
  y: usize, yStride: usize, cb: usize, cr: usize, stride: usize,
  out: usize, plane: usize, outStride: usize, work: usize,
  width: u32, chromaWidth: u32, h: u32, v: u32, isSmooth: u32,
  row: i32, rows: i32, lastChroma: i32,
): void {
  const half = (chromaWidth * 2 + 64) & ~15;
  const cbWork = work + 16;
  const crWork = work + 16 + half;
  for (let i = row; i < row + rows; i++) {
    const nearRow = v == 2 ? i >> 1 : i;
    const farRow = min(max(nearRow + ((i & 1) << 1) - 1, 0), lastChroma);
    const cbNear = cb + <usize>nearRow * stride;
    const crNear = cr + <usize>nearRow * stride;
    const cbFar = cb + <usize>farRow * stride;
    const crFar = cr + <usize>farRow * stride;
    if (h == 2 && isSmooth != 0) {
      addRows(cbNear, cbFar, cbWork, chromaWidth, v == 2);
      addRows(crNear, crFar, crWork, chromaWidth, v == 2);
      if (v == 2) doubledRow(y, cbWork, crWork, out, plane, width, 4, 8, 7);
      else doubledRow(y, cbWork, crWork, out, plane, width, 2, 1, 2);
    } else if (h == 2) {
      twice(cbNear, cbWork, chromaWidth);
      twice(crNear, crWork, chromaWidth);
      plainRow(y, cbWork, crWork, out, plane, width);
    } else if (v == 2 && isSmooth != 0) {
      const bias: i16 = i & 1 ? 2 : 1;
      betweenRows(cbNear, cbFar, cbWork, chromaWidth, bias);
      betweenRows(crNear, crFar, crWork, chromaWidth, bias);
      plainRow(y, cbWork, crWork, out, plane, width);
    } else {
      plainRow(y, cbNear, crNear, out, plane, width);
    }
    y += yStride;
    out += outStride;
  }
}

/** PIL's grey of red, green and blue: a row of bytes each. Green's factor minus 1 fits. */
export function jpegGrey(red: usize, plane: usize, out: usize, width: u32): void {
  const redGreen = i32x4.splat(19595 | ((38470 - 65536) << 16));
  const blueHalf = i32x4.splat(7471 | (16384 << 16));
  const two = i16x8.splat(2);
  for (let x: u32 = 0; x < width; x += 8) {
    const r = v128.load_ext<u8>(red + x);
    const g = v128.load_ext<u8>(red + plane + x);
    const b = v128.load_ext<u8>(red + 2 * plane + x);
    const lower = sum(low(r, g), redGreen, low(b, two), blueHalf);
    const upper = sum(high(r, g), redGreen, high(b, two), blueHalf);
    store8(out + x, i16x8.add(i16x8.narrow_i32x4_s(lower, upper), g));
  }
}

/** The integer part of two pairs of products with 16 fractional bits. */
@inline
function sum(a: v128, factorsOfA: v128, b: v128, factorsOfB: v128): v128 {
  const both = i32x4.add(i32x4.dot_i16x8_s(a, factorsOfA), i32x4.dot_i16x8_s(b, factorsOfB));
  return i32x4.shr_s(both, 16);
}
