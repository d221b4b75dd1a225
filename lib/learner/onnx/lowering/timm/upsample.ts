/** The cubic that torch takes when it is told to smooth (antialias). */
function cubic(x: number): number {
  const a = -0.5;
  const t = Math.abs(x);
  if (t < 1) return ((a + 2) * t - (a + 3)) * t * t + 1;
  return t < 2 ? (((t - 5) * t + 8) * t - 4) * a : 0;
}

/** For each place of the result: where its window starts, and what each place in it counts. */
function windows(from: number, to: number): { start: number; weights: number[] }[] {
  const scale = from / to;
  const filter = Math.max(scale, 1);
  return Array.from({ length: to }, (_, i) => {
    const centre = (i + 0.5) * scale;
    const start = Math.max(Math.trunc(centre - 2 * filter + 0.5), 0);
    const end = Math.min(Math.trunc(centre + 2 * filter + 0.5), from);
    const raw = Array.from({ length: end - start }, (_, j) =>
      cubic((j + start - centre + 0.5) / filter),
    );
    const sum = raw.reduce((total, weight) => total + weight, 0);
    return { start, weights: raw.map((weight) => weight / sum) };
  });
}

/**
 * `F.interpolate(mode='bicubic', antialias=True)` of planes that are known when the graph is built.
 */
export function upsampleBicubic(
  data: Float32Array,
  planes: number,
  [height, width]: readonly [number, number],
  [toHeight, toWidth]: readonly [number, number],
): Float32Array {
  const [rows, columns] = [windows(height, toHeight), windows(width, toWidth)];
  const result = new Float32Array(planes * toHeight * toWidth);
  const wide = new Float64Array(height * toWidth);
  for (let plane = 0; plane < planes; plane++) {
    for (let y = 0; y < height; y++) {
      for (const [x, { start, weights }] of columns.entries()) {
        const at = (plane * height + y) * width + start;
        wide[y * toWidth + x] = weights.reduce((sum, w, j) => sum + w * data[at + j]!, 0);
      }
    }
    for (const [y, { start, weights }] of rows.entries()) {
      for (let x = 0; x < toWidth; x++) {
        result[(plane * toHeight + y) * toWidth + x] = weights.reduce(
          (sum, w, j) => sum + w * wide[(start + j) * toWidth + x]!,
          0,
        );
      }
    }
  }
  return result;
}
