/** Maps rows of bytes to floats with a table of 256. */
export function toFloats(
  source: usize,
  sourceStride: usize,
  rows: i32,
  width: i32,
  table: usize,
  target: usize,
): void {
  for (let y = 0; y < rows; y++, source += sourceStride) {
    const end = source + width;
    for (let from = source; from < end; from++, target += 4) {
      store<f32>(target, load<f32>(table + ((<usize>load<u8>(from)) << 2)));
    }
  }
}

/** Splits RGB pixels into three planes, 16 at a time: up to 15 more are read and written. */
export function splitColours(
  source: usize,
  pixels: i32,
  red: usize,
  green: usize,
  blue: usize,
): void {
  const z: i8 = -1;
  const end = source + <usize>pixels * 3;
  for (; source < end; source += 48, red += 16, green += 16, blue += 16) {
    const a = v128.load(source);
    const b = v128.load(source, 16);
    const c = v128.load(source, 32);
    v128.store(
      red,
      v128.or(
        v128.or(
          i8x16.swizzle(a, i8x16(0, 3, 6, 9, 12, 15, z, z, z, z, z, z, z, z, z, z)),
          i8x16.swizzle(b, i8x16(z, z, z, z, z, z, 2, 5, 8, 11, 14, z, z, z, z, z)),
        ),
        i8x16.swizzle(c, i8x16(z, z, z, z, z, z, z, z, z, z, z, 1, 4, 7, 10, 13)),
      ),
    );
    v128.store(
      green,
      v128.or(
        v128.or(
          i8x16.swizzle(a, i8x16(1, 4, 7, 10, 13, z, z, z, z, z, z, z, z, z, z, z)),
          i8x16.swizzle(b, i8x16(z, z, z, z, z, 0, 3, 6, 9, 12, 15, z, z, z, z, z)),
        ),
        i8x16.swizzle(c, i8x16(z, z, z, z, z, z, z, z, z, z, z, 2, 5, 8, 11, 14)),
      ),
    );
    v128.store(
      blue,
      v128.or(
        v128.or(
          i8x16.swizzle(a, i8x16(2, 5, 8, 11, 14, z, z, z, z, z, z, z, z, z, z, z)),
          i8x16.swizzle(b, i8x16(z, z, z, z, z, 1, 4, 7, 10, 13, z, z, z, z, z, z)),
        ),
        i8x16.swizzle(c, i8x16(z, z, z, z, z, z, z, z, z, z, 0, 3, 6, 9, 12, 15)),
      ),
    );
  }
}
