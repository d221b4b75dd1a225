// PIL's resampling of planes of bytes. A weight of 22-bit fixed point is `high * 2048 + low`, of 16
// bits each, so that one instruction multiplies and adds two taps. Sums wrap at 32 bits as in PIL,
// so the order of additions does not matter. Weights come in groups of eight taps: eight times
// high, eight times low; taps that fill a group have weight zero. At most 16 bytes past a row are
// read or written.

/** Combines the products with the two parts of the weights. */
function joined(high: v128, low: v128): v128 {
  return i32x4.add(i32x4.shl(high, 11), low);
}

function rounded(sums: v128): v128 {
  return i32x4.shr_s(i32x4.add(sums, i32x4.splat(1 << 21)), 22);
}

/** Four sums to bytes, in four lanes of 32 bits or sixteen of 8. */
function bytes(a: v128, b: v128, c: v128, d: v128): v128 {
  return i8x16.narrow_i16x8_u(i16x8.narrow_i32x4_s(a, b), i16x8.narrow_i32x4_s(c, d));
}

/**
 * Along the rows of a plane. `axis` has `size` pairs of i32: the first source pixel of each target
 * pixel, and its groups. Four rows at once share the weights.
 */
export function alongRows(
  source: usize,
  sourceStride: usize,
  rows: i32,
  axis: usize,
  weights: usize,
  size: i32,
  target: usize,
  targetStride: usize,
): void {
  const zero = i32x4.splat(0);
  for (let y = 0; y < rows; y += 4) {
    // If rows are missing, the last one is computed again.
    const y1 = <usize>min(y + 1, rows - 1);
    const y2 = <usize>min(y + 2, rows - 1);
    const y3 = <usize>min(y + 3, rows - 1);
    const from0 = source + <usize>y * sourceStride;
    const from1 = source + y1 * sourceStride;
    const from2 = source + y2 * sourceStride;
    const from3 = source + y3 * sourceStride;
    const to0 = target + <usize>y * targetStride;
    const to1 = target + y1 * targetStride;
    const to2 = target + y2 * targetStride;
    const to3 = target + y3 * targetStride;
    let weight = weights;
    for (let x: usize = 0; x < <usize>size; x++) {
      const entry = axis + (x << 3);
      let at = <usize>load<i32>(entry);
      const end = weight + ((<usize>load<i32>(entry, 4)) << 5);
      let h0 = zero;
      let h1 = zero;
      let h2 = zero;
      let h3 = zero;
      let l0 = zero;
      let l1 = zero;
      let l2 = zero;
      let l3 = zero;
      for (; weight < end; weight += 32, at += 8) {
        const high = v128.load(weight);
        const low = v128.load(weight, 16);
        let eight = v128.load8x8_u(from0 + at);
        h0 = i32x4.add(h0, i32x4.dot_i16x8_s(eight, high));
        l0 = i32x4.add(l0, i32x4.dot_i16x8_s(eight, low));
        eight = v128.load8x8_u(from1 + at);
        h1 = i32x4.add(h1, i32x4.dot_i16x8_s(eight, high));
        l1 = i32x4.add(l1, i32x4.dot_i16x8_s(eight, low));
        eight = v128.load8x8_u(from2 + at);
        h2 = i32x4.add(h2, i32x4.dot_i16x8_s(eight, high));
        l2 = i32x4.add(l2, i32x4.dot_i16x8_s(eight, low));
        eight = v128.load8x8_u(from3 + at);
        h3 = i32x4.add(h3, i32x4.dot_i16x8_s(eight, high));
        l3 = i32x4.add(l3, i32x4.dot_i16x8_s(eight, low));
      }
      const s0 = joined(h0, l0);
      const s1 = joined(h1, l1);
      const s2 = joined(h2, l2);
      const s3 = joined(h3, l3);
      // Transposes the four parts of each of the four sums, so that they can be added.
      const a = i32x4.add(i32x4.shuffle(s0, s1, 0, 4, 1, 5), i32x4.shuffle(s0, s1, 2, 6, 3, 7));
      const b = i32x4.add(i32x4.shuffle(s2, s3, 0, 4, 1, 5), i32x4.shuffle(s2, s3, 2, 6, 3, 7));
      const sums = i32x4.add(i64x2.shuffle(a, b, 0, 2), i64x2.shuffle(a, b, 1, 3));
      const values = rounded(sums);
      const words = i16x8.narrow_i32x4_s(values, values);
      const bytes = i8x16.narrow_i16x8_u(words, words);
      v128.store_lane<u8>(to3 + x, bytes, 3);
      v128.store_lane<u8>(to2 + x, bytes, 2);
      v128.store_lane<u8>(to1 + x, bytes, 1);
      v128.store_lane<u8>(to0 + x, bytes, 0);
    }
  }
}

/** One row of the target: the sum of eight times `groups` rows at the addresses in `rows`. */
export function alongColumns(
  rows: usize,
  groups: i32,
  weights: usize,
  length: i32,
  target: usize,
): void {
  const zero = i32x4.splat(0);
  for (let x: usize = 0; x < <usize>length; x += 16) {
    let h0 = zero;
    let h1 = zero;
    let h2 = zero;
    let h3 = zero;
    let l0 = zero;
    let l1 = zero;
    let l2 = zero;
    let l3 = zero;
    let row = rows;
    let weight = weights;
    const end = rows + ((<usize>groups) << 5);
    for (; row < end; weight += 16) {
      for (let pair = 0; pair < 4; pair++, row += 8, weight += 4) {
        const upper = v128.load(<usize>load<u32>(row) + x);
        const lower = v128.load(<usize>load<u32>(row, 4) + x);
        const high = v128.load32_splat(weight);
        const low = v128.load32_splat(weight, 16);
        // prettier-ignore
        const left = i8x16.shuffle(upper, lower, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
        // prettier-ignore
        const right = i8x16.shuffle(upper, lower, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
        const a = i16x8.extend_low_i8x16_u(left);
        const b = i16x8.extend_high_i8x16_u(left);
        const c = i16x8.extend_low_i8x16_u(right);
        const d = i16x8.extend_high_i8x16_u(right);
        h0 = i32x4.add(h0, i32x4.dot_i16x8_s(a, high));
        l0 = i32x4.add(l0, i32x4.dot_i16x8_s(a, low));
        h1 = i32x4.add(h1, i32x4.dot_i16x8_s(b, high));
        l1 = i32x4.add(l1, i32x4.dot_i16x8_s(b, low));
        h2 = i32x4.add(h2, i32x4.dot_i16x8_s(c, high));
        l2 = i32x4.add(l2, i32x4.dot_i16x8_s(c, low));
        h3 = i32x4.add(h3, i32x4.dot_i16x8_s(d, high));
        l3 = i32x4.add(l3, i32x4.dot_i16x8_s(d, low));
      }
    }
    const a = rounded(joined(h0, l0));
    const b = rounded(joined(h1, l1));
    const c = rounded(joined(h2, l2));
    const d = rounded(joined(h3, l3));
    v128.store(target + x, bytes(a, b, c, d));
  }
}
