import { LibraryError } from '../library-error.js';
import { isFloat, kindOf, type NpDType } from './dtypes.js';
import { checked } from './elementwise.js';
import { Nd, countOf } from './nd-array.js';

/** The axes to reduce; undefined means all. */
export type Axes = readonly number[] | undefined;

/** `axis` as an index from 0. */
export function axisAt(axis: number, rank: number): number {
  if (axis < -rank || axis >= rank) {
    throw new LibraryError(
      'ValueError',
      `axis ${axis} is out of bounds for array of dimension ${rank}`,
    );
  }
  return axis < 0 ? axis + rank : axis;
}

/** The values along axes, one group after another. */
function groups(
  a: Nd,
  axes: Axes,
  keeps: boolean,
): { values: Nd; outer: number; inner: number; shape: number[] } {
  const along = (axes ?? a.shape.map((_, axis) => axis)).map((axis) => axisAt(axis, a.ndim));
  const rest = a.shape.map((_, axis) => axis).filter((axis) => !along.includes(axis));
  const values = a.transpose([...rest, ...along.toSorted((x, y) => x - y)]);
  const inner = countOf(along.map((axis) => a.shape[axis]!));
  const outer = countOf(rest.map((axis) => a.shape[axis]!));
  const shape = keeps
    ? a.shape.map((size, axis) => (along.includes(axis) ? 1 : size))
    : rest.map((axis) => a.shape[axis]!);
  return { values, outer, inner, shape };
}

function reduced(
  a: Nd,
  axes: Axes,
  keeps: boolean,
  dtype: NpDType,
  f: (values: ArrayLike<number>, from: number, to: number) => number,
): Nd {
  const { values, outer, inner, shape } = groups(a, axes, keeps);
  const data = values.flat();
  const out = Nd.of(dtype, shape);
  for (let i = 0; i < outer; i++) out.data[i] = f(data, i * inner, (i + 1) * inner);
  checked(out);
  return out;
}

/** Sums and products of small integers have 64 bits. */
function widened(dtype: NpDType): NpDType {
  if (isFloat(dtype)) return dtype;
  return kindOf(dtype) === 'u' ? 'uint64' : 'int64';
}

const total = (values: ArrayLike<number>, from: number, to: number): number => {
  let sum = 0;
  for (let i = from; i < to; i++) sum += values[i]!;
  return sum;
};

/** The sum of single-precision elements in numpy's order. */
type Single = (values: ArrayLike<number>, from: number, to: number) => number;

const f = Math.fround;

/** Contiguous elements: pairwise, down to eight sums at a time. */
const pairwise: Single = (values, from, to) => {
  const count = to - from;
  if (count < 8) {
    let sum = 0;
    for (let i = from; i < to; i++) sum = f(sum + values[i]!);
    return sum;
  }
  if (count > 128) {
    const half = Math.floor(count / 2) - (Math.floor(count / 2) % 8);
    return f(pairwise(values, from, from + half) + pairwise(values, from + half, to));
  }
  const sums = Array.from({ length: 8 }, (_, k) => values[from + k]!);
  let at = from + 8;
  for (; at + 8 <= to; at += 8) {
    for (let k = 0; k < 8; k++) sums[k] = f(sums[k]! + values[at + k]!);
  }
  const [a, b, c, d, e, g, h, i] = sums as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  let sum = f(f(f(a + b) + f(c + d)) + f(f(e + g) + f(h + i)));
  for (; at < to; at++) sum = f(sum + values[at]!);
  return sum;
};

/** Adds whole rows one after another. */
const oneByOne: Single = (values, from, to) => {
  let sum = 0;
  for (let i = from; i < to; i++) sum = f(sum + values[i]!);
  return sum;
};

/** The order of sums along axes. */
function totalOf({ dtype, ndim }: Nd, axes: Axes): Single {
  if (dtype !== 'float32') return total;
  const isLast = axes === undefined || axes.some((axis) => axisAt(axis, ndim) === ndim - 1);
  return isLast ? pairwise : oneByOne;
}

export const sum = (a: Nd, axes: Axes, keeps: boolean): Nd =>
  reduced(a, axes, keeps, widened(a.dtype), totalOf(a, axes));

export const product = (a: Nd, axes: Axes, keeps: boolean): Nd =>
  reduced(a, axes, keeps, widened(a.dtype), (values, from, to) => {
    let result = 1;
    for (let i = from; i < to; i++) result *= values[i]!;
    return result;
  });

const floating = (dtype: NpDType): NpDType => (isFloat(dtype) ? dtype : 'float64');

export const mean = (a: Nd, axes: Axes, keeps: boolean): Nd => {
  const add = totalOf(a, axes);
  return reduced(
    a,
    axes,
    keeps,
    floating(a.dtype),
    (values, from, to) => add(values, from, to) / (to - from),
  );
};

export function variance(a: Nd, axes: Axes, keeps: boolean, ddof: number, root: boolean): Nd {
  const add = totalOf(a, axes);
  const round = a.dtype === 'float32' ? f : (x: number): number => x;
  return reduced(a, axes, keeps, floating(a.dtype), (values, from, to) => {
    const middle = round(add(values, from, to) / (to - from));
    const squares = Float64Array.from({ length: to - from }, (_, i) => {
      const distance = round(values[from + i]! - middle);
      return round(distance * distance);
    });
    const result = round(add(squares, 0, squares.length) / Math.max(0, to - from - ddof));
    return root ? Math.sqrt(result) : result;
  });
}

function extreme(better: (x: number, best: number) => boolean, name: string) {
  return (values: ArrayLike<number>, from: number, to: number): number => {
    if (from === to) {
      throw new LibraryError(
        'ValueError',
        `zero-size array to reduction operation ${name} which has no identity`,
      );
    }
    let best = from;
    for (let i = from + 1; i < to; i++) {
      // NaN wins, and the first NaN stays.
      if (
        better(values[i]!, values[best]!) ||
        (values[i]! !== values[i]! && values[best]! === values[best]!)
      )
        best = i;
    }
    return best;
  };
}

const greatest = extreme((x, best) => x > best, 'maximum');
const least = extreme((x, best) => x < best, 'minimum');

export const max = (a: Nd, axes: Axes, keeps: boolean): Nd =>
  reduced(a, axes, keeps, a.dtype, (values, from, to) => values[greatest(values, from, to)]!);
export const min = (a: Nd, axes: Axes, keeps: boolean): Nd =>
  reduced(a, axes, keeps, a.dtype, (values, from, to) => values[least(values, from, to)]!);
export const argmax = (a: Nd, axes: Axes, keeps: boolean): Nd =>
  reduced(a, axes, keeps, 'int64', (values, from, to) => greatest(values, from, to) - from);
export const argmin = (a: Nd, axes: Axes, keeps: boolean): Nd =>
  reduced(a, axes, keeps, 'int64', (values, from, to) => least(values, from, to) - from);

export const any = (a: Nd, axes: Axes, keeps: boolean): Nd =>
  reduced(a, axes, keeps, 'bool', (values, from, to) => {
    for (let i = from; i < to; i++) if (values[i] !== 0) return 1;
    return 0;
  });
export const all = (a: Nd, axes: Axes, keeps: boolean): Nd =>
  reduced(a, axes, keeps, 'bool', (values, from, to) => {
    for (let i = from; i < to; i++) if (values[i] === 0) return 0;
    return 1;
  });

/** `np.percentile(a, 100 * q)` with numpy's linear method; the median is q = 1/2. */
export const quantile = (a: Nd, axes: Axes, keeps: boolean, q: number): Nd =>
  reduced(a, axes, keeps, floating(a.dtype), (values, from, to) => {
    const sorted = Float64Array.from({ length: to - from }, (_, i) => values[from + i]!).sort();
    if (sorted.length === 0 || Number.isNaN(sorted.at(-1))) return NaN;
    const at = q * (sorted.length - 1);
    const [low, high] = [sorted[Math.floor(at)]!, sorted[Math.ceil(at)]!];
    const part = at - Math.floor(at);
    // Like numpy's _lerp: from the nearer end.
    return part >= 0.5 ? high - (high - low) * (1 - part) : low + (high - low) * part;
  });

/** `np.cumsum`: along an axis, or over all elements in order. */
export function cumulated(a: Nd, axis: number | undefined): Nd {
  const source = axis === undefined ? a.reshape([a.size]) : a;
  const out = source.astype(widened(a.dtype));
  const at = axisAt(axis ?? 0, source.ndim);
  const step = out.strides[at]!;
  const size = out.shape[at]!;
  for (let i = 0; i < out.data.length; i++) {
    if (Math.floor(i / step) % size !== 0) out.data[i] = out.data[i]! + out.data[i - step]!;
  }
  checked(out);
  return out;
}
