import { LibraryLimitError } from '../library-error.js';

/** OpenCV's interpolations, by number. */
export const INTERPOLATIONS = [
  'NEAREST',
  'LINEAR',
  'CUBIC',
  'AREA',
  'LANCZOS4',
  'LINEAR_EXACT',
  'NEAREST_EXACT',
] as const;

export type Interpolation = (typeof INTERPOLATIONS)[number];

/** For each pixel along an axis: `count` source indices and their weights. */
export interface Taps {
  readonly count: number;
  /** `size * count` source indices, within the image. */
  readonly at: Int32Array;
  readonly weight: Float64Array;
}

/** @throws LibraryLimitError for an unknown interpolation */
export function tapsOf(
  kind: Interpolation,
  source: number,
  size: number,
  axis: 'x' | 'y',
  shrinks: boolean,
): Taps {
  switch (kind) {
    case 'LINEAR':
    case 'LINEAR_EXACT':
      return linear(source, size, axis, false);
    case 'AREA':
      return shrinks ? area(source, size) : linear(source, size, axis, true);
    case 'CUBIC':
      return around(source, size, 4, cubic);
    case 'LANCZOS4':
      return around(source, size, 8, lanczos);
    default:
      // Versions of OpenCV pick different pixels for INTER_NEAREST_EXACT.
      throw new LibraryLimitError(`OpenCV's INTER_${kind} is not supported`);
  }
}

/** The only source index of each pixel. */
export function nearest(source: number, size: number): Int32Array {
  const step = 1 / (size / source);
  return Int32Array.from({ length: size }, (_, i) => Math.min(Math.floor(i * step), source - 1));
}

const f = Math.fround;

/** `INTER_AREA` weights an enlarged image by the overlap of pixels. */
function linear(source: number, size: number, axis: 'x' | 'y', byOverlap: boolean): Taps {
  const taps = empty(size, 2);
  const grows = size / source;
  const step = 1 / grows;
  for (let i = 0; i < size; i++) {
    let place = byOverlap ? i * step : f((i + 0.5) * step - 0.5);
    let first = Math.floor(place);
    if (byOverlap) {
      place = f(i + 1 - (first + 1) * grows);
      place = place <= 0 ? 0 : f(place - Math.floor(place));
    } else place = f(place - first);
    // Rows past the edge keep their own weights, each rounded separately.
    if (axis === 'x' && first < 0) [first, place] = [0, 0];
    if (axis === 'x' && first >= source - 1) [first, place] = [source - 1, 0];
    set(taps, i, 0, first, f(1 - place), source);
    set(taps, i, 1, first + 1, place, source);
  }
  return taps;
}

/** Weights by distance; the last pixel continues past the edge. */
function around(
  source: number,
  size: number,
  count: number,
  weights: (part: number) => number[],
): Taps {
  const taps = empty(size, count);
  const step = 1 / (size / source);
  for (let i = 0; i < size; i++) {
    const place = f((i + 0.5) * step - 0.5);
    const first = Math.floor(place);
    const each = weights(f(place - first));
    for (let k = 0; k < count; k++) set(taps, i, k, first + k - count / 2 + 1, each[k]!, source);
  }
  return taps;
}

const A = -0.75;

/** Single precision at each step, because it decides how a weight rounds. */
function cubic(x: number): number[] {
  const outer = f(x + 1);
  let first = f(f(f(A * outer) - 5 * A) * outer);
  first = f(f(f(first + 8 * A) * outer) - 4 * A);
  const inner = (y: number): number => f(f(f(f(f(f((A + 2) * y) - (A + 3)) * y) * y)) + 1);
  const [second, third] = [inner(x), inner(f(1 - x))];
  return [first, second, third, f(f(f(1 - first) - second) - third)];
}

const DIAGONAL = Math.SQRT1_2;
const TURNS = [
  [1, 0],
  [-DIAGONAL, -DIAGONAL],
  [0, 1],
  [DIAGONAL, -DIAGONAL],
  [-1, 0],
  [DIAGONAL, DIAGONAL],
  [0, -1],
  [-DIAGONAL, DIAGONAL],
] as const;

function lanczos(x: number): number[] {
  if (x < 1.1920929e-7) return [0, 0, 0, 1, 0, 0, 0, 0];
  const start = -(x + 3) * Math.PI * 0.25;
  const [sine, cosine] = [Math.sin(start), Math.cos(start)];
  const each = TURNS.map(([a, b], i) => {
    const y = -(x + 3 - i) * Math.PI * 0.25;
    return f((a * sine + b * cosine) / (y * y));
  });
  const sum = each.reduce((total, weight) => f(total + weight), 0);
  return each.map((weight) => f(weight / sum));
}

/** The mean of the covered area when an image shrinks. */
function area(source: number, size: number): Taps {
  const step = 1 / (size / source);
  const taps = empty(size, Math.ceil(step) + 2);
  for (let i = 0; i < size; i++) {
    const [low, high] = [i * step, i * step + step];
    const cell = Math.min(step, source - low);
    const last = Math.min(Math.floor(high), source - 1);
    const first = Math.min(Math.ceil(low), last);
    let k = 0;
    if (first - low > 1e-3) set(taps, i, k++, first - 1, f((first - low) / cell), source);
    for (let at = first; at < last; at++) set(taps, i, k++, at, f(1 / cell), source);
    if (high - last > 1e-3) {
      set(taps, i, k, last, f(Math.min(Math.min(high - last, 1), cell) / cell), source);
    }
  }
  return taps;
}

function empty(size: number, count: number): Taps {
  return {
    count,
    at: new Int32Array(size * count),
    weight: new Float64Array(size * count),
  };
}

function set(taps: Taps, i: number, k: number, at: number, weight: number, source: number): void {
  taps.at[i * taps.count + k] = Math.min(Math.max(at, 0), source - 1);
  taps.weight[i * taps.count + k] = weight;
}
