import { LibraryError } from '../library-error.js';
import { Nd } from '../numpy/nd-array.js';
import { nearest, tapsOf, type Interpolation, type Taps } from './taps.js';

/**
 * `cv2.resize` of an array of [height, width] or [height, width, channels]: uint8 with OpenCV's
 * fixed-point arithmetic, float32 in floats.
 */
export function resize(
  image: Nd,
  [height, width]: readonly [number, number],
  kind: Interpolation,
): Nd {
  const [rows = 0, columns = 0, channels = 1] = image.shape;
  const shape = [height, width, ...image.shape.slice(2)];
  if (height < 1 || width < 1 || rows < 1 || columns < 1) {
    throw new LibraryError(
      'ValueError',
      'OpenCV does not resize empty images or resize to an empty image',
    );
  }
  const data = image.flat();
  const out = Nd.of(image.dtype, shape);
  if (kind === 'NEAREST') {
    const [ys, xs] = [nearest(rows, height), nearest(columns, width)];
    for (let y = 0, to = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const from = (ys[y]! * columns + xs[x]!) * channels;
        for (let c = 0; c < channels; c++) out.data[to++] = data[from + c]!;
      }
    }
    return out;
  }
  const isHalved = rows === 2 * height && columns === 2 * width;
  // OpenCV averages four pixels if a linear resize halves an image.
  const way = kind === 'LINEAR' && isHalved ? 'AREA' : kind;
  const shrinks = rows >= height && columns >= width;
  const xs = tapsOf(way, columns, width, 'x', shrinks);
  const ys = tapsOf(way, rows, height, 'y', shrinks);
  const isBytes = image.dtype === 'uint8';
  const isFixed = isBytes && way !== 'LINEAR_EXACT' && (way !== 'AREA' || !shrinks);
  const sums = along(isFixed ? inFixedPoints(xs) : xs, isFixed ? inFixedPoints(ys) : ys);
  const last = lastStep(way, { isBytes, isFixed, isHalved, values: width * channels });
  sums({ data, out: out.data, columns, channels, width, height, last });
  return out;
}

/** 11 fractional bits. */
const SCALE = 2048;

function inFixedPoints(taps: Taps): Taps {
  return { ...taps, weight: taps.weight.map((weight) => halfEven(weight * SCALE)) };
}

function halfEven(value: number): number {
  const below = Math.floor(value);
  const part = value - below;
  return part < 0.5 || (part === 0.5 && below % 2 === 0) ? below : below + 1;
}

const f = Math.fround;
const clipped = (value: number): number => Math.min(Math.max(value, 0), 255);

/** Computes element `at` of a row from its sums along x, one number for each tap along y. */
type Last = (
  sums: Float64Array,
  weights: Float64Array,
  from: number,
  count: number,
  at: number,
) => number;

interface Kind {
  readonly isBytes: boolean;
  readonly isFixed: boolean;
  readonly isHalved: boolean;
  /** In a row. */
  readonly values: number;
}

function lastStep(way: Interpolation, { isBytes, isFixed, isHalved, values }: Kind): Last {
  if (!isBytes) return weighted;
  // The mean of four pixels rounds halves up.
  if (way === 'AREA' && isHalved) return (...given) => Math.floor(weighted(...given) + 0.5);
  if (!isFixed) return (...given) => clipped(halfEven(weighted(...given)));
  if (way === 'LANCZOS4') return inIntegers;
  if (way !== 'CUBIC') return shortened;
  // OpenCV's vectors of eight compute in floats; the remaining elements use integers.
  const vectors = values - (values % 8);
  return (sums, weights, from, count, at) =>
    at < vectors
      ? clipped(halfEven(inFloats(sums, weights, from, count)))
      : inIntegers(sums, weights, from, count, at);
}

/** Linear sums lose bits before weighting. */
const shortened: Last = (sums, weights, from) => {
  const part = (k: number): number =>
    Math.floor((weights[from + k]! * Math.floor(sums[k]! / 16)) / 65536);
  return clipped((part(0) + part(1) + 2) >> 2);
};

const inIntegers: Last = (sums, weights, from, count) => {
  let sum = 2 ** 21;
  for (let k = 0; k < count; k++) sum += sums[k]! * weights[from + k]!;
  return clipped(Math.floor(sum / 2 ** 22));
};

function inFloats(sums: Float64Array, weights: Float64Array, from: number, count: number): number {
  let sum = 0;
  for (let k = count - 1; k >= 0; k--) {
    sum = f(f(f(sums[k]!) * f(weights[from + k]! / (SCALE * SCALE))) + sum);
  }
  return sum;
}

/** Computes in single precision, one tap after another. */
const weighted: Last = (sums, weights, from, count) => {
  let sum = 0;
  for (let k = 0; k < count; k++) {
    const weight = weights[from + k]!;
    if (weight !== 0) sum = f(sum + f(f(sums[k]!) * weight));
  }
  return sum;
};

interface Work {
  readonly data: ArrayLike<number>;
  readonly out: { [index: number]: number };
  readonly columns: number;
  readonly channels: number;
  readonly width: number;
  readonly height: number;
  readonly last: Last;
}

/** Sums each row along x once, and keeps it while later rows need it. */
function along(xs: Taps, ys: Taps): (work: Work) => void {
  return ({ data, out, columns, channels, width, height, last }) => {
    const kept = new Map<number, Float64Array>();
    const rowOf = (row: number): Float64Array => {
      const known = kept.get(row);
      if (known) return known;
      const made = new Float64Array(width * channels);
      for (let x = 0, to = 0; x < width; x++) {
        for (let c = 0; c < channels; c++) {
          let sum = 0;
          for (let k = 0; k < xs.count; k++) {
            const weight = xs.weight[x * xs.count + k]!;
            if (weight === 0) continue;
            const from = (row * columns + xs.at[x * xs.count + k]!) * channels + c;
            // Fixed-point integers are exact in single precision as well.
            sum = f(sum + f(weight * data[from]!));
          }
          made[to++] = sum;
        }
      }
      kept.set(row, made);
      return made;
    };
    const sums = new Float64Array(ys.count);
    for (let y = 0, to = 0; y < height; y++) {
      const from = y * ys.count;
      const rows = Array.from({ length: ys.count }, (_, k) => rowOf(ys.at[from + k]!));
      const first = Math.min(...ys.at.subarray(from, from + ys.count));
      for (const row of kept.keys()) if (row < first) kept.delete(row);
      for (let i = 0; i < width * channels; i++) {
        for (let k = 0; k < ys.count; k++) sums[k] = rows[k]![i]!;
        out[to++] = last(sums, ys.weight, from, ys.count, i);
      }
    }
  };
}
