import type { Expression } from '../expression.js';
import type { Scope } from '../scope.js';
import type { Size } from '../windows.js';

/** The weight of a position by its distance, and the distance from which it is 0. */
interface Filter {
  readonly weight: (x: number) => number;
  readonly reach: number;
}

/** The cubic function that torch uses with antialias. */
const cubic: Filter = {
  weight: (x) => {
    const a = -0.5;
    const t = Math.abs(x);
    if (t < 1) return ((a + 2) * t - (a + 3)) * t * t + 1;
    return t < 2 ? (((t - 5) * t + 8) * t - 4) * a : 0;
  },
  reach: 2,
};

const linear: Filter = { weight: (x) => Math.max(0, 1 - Math.abs(x)), reach: 1 };

/** The start of the window, and the weight of each position in it. */
interface Window {
  readonly start: number;
  readonly weights: readonly number[];
}

/** One for each position in the result. */
function windows(from: number, to: number, { weight, reach }: Filter): Window[] {
  const scale = from / to;
  const filter = Math.max(scale, 1);
  return Array.from({ length: to }, (_, i) => {
    const centre = (i + 0.5) * scale;
    const start = Math.max(Math.trunc(centre - reach * filter + 0.5), 0);
    const end = Math.min(Math.trunc(centre + reach * filter + 0.5), from);
    const raw = Array.from({ length: end - start }, (_, j) =>
      weight((j + start - centre + 0.5) / filter),
    );
    const sum = raw.reduce((total, weight) => total + weight, 0);
    return { start, weights: raw.map((weight) => weight / sum) };
  });
}

/**
 * `F.interpolate(antialias=True)`, by default with mode='bicubic', of planes that are known when the
 * graph is built.
 */
export function upsampled(
  data: Float32Array,
  planes: number,
  [height, width]: readonly [number, number],
  [toHeight, toWidth]: readonly [number, number],
  filter = cubic,
): Float32Array {
  const [rows, columns] = [windows(height, toHeight, filter), windows(width, toWidth, filter)];
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

/**
 * Learned positions [height * width * channels] for a grid of another size, as
 * `F.interpolate(antialias=True)` gives them.
 *
 * @returns [1, height, width, channels]
 */
export function resampled(
  m: Scope,
  data: Float32Array,
  [height, width]: Size,
  to: Size,
  mode = 'bicubic',
): Expression {
  m.require(mode === 'bicubic' || mode === 'bilinear', `it resizes its positions by "${mode}"`);
  const channels = data.length / (height * width);
  const planes = Float32Array.from(data, (_, i) => {
    const [channel, place] = [Math.floor(i / (height * width)), i % (height * width)];
    return data[place * channels + channel]!;
  });
  const filter = mode === 'bicubic' ? cubic : linear;
  const resized = upsampled(planes, channels, [height, width], to, filter);
  return m.constant(resized, [1, channels, ...to]).channelsLast();
}

/** The same for a weight [1, height, width, channels], which may be of that size. */
export function positionsFor(m: Scope, name: string, to: Size, mode?: string): Expression {
  const positions = m.requiredWeight(name);
  const from: Size = [positions.size(1), positions.size(2)];
  if (from[0] === to[0] && from[1] === to[1]) return positions;
  return resampled(m, m.tensor(name).toFloat32(), from, to, mode);
}
