import { ArrayItemError } from '../../errors.js';

/** float32 elements of a batch of one, in row-major order: a series `[1, variables, steps]`. */
export interface Series {
  readonly data: Float32Array;
  readonly dims: readonly number[];
}

const f = Math.fround;

/** A writable copy. */
export const copyOf = ({ data, dims }: Series): Series => ({ data: data.slice(), dims });

export const each = ({ data, dims }: Series, value: (x: number) => number): Series => ({
  data: data.map(value),
  dims,
});

/**
 * Reduces the elements along the axes to one with `fold`. No axes means all axes, as in torch, and
 * gives a scalar.
 */
export function along(
  { data, dims }: Series,
  axes: readonly number[],
  fold: (values: Float32Array) => number,
): Series {
  if (axes.length === 0) return { data: Float32Array.of(fold(data)), dims: [] };
  const gone = new Set(axes.map((axis) => (axis < 0 ? axis + dims.length : axis)));
  const left = dims.map((size, axis) => (gone.has(axis) ? 1 : size));
  const groups = left.reduce((product, size) => product * size, 1);
  const size = data.length / groups;
  const values = new Float32Array(data.length);
  const filled = new Int32Array(groups);
  const places = placesIn(left, dims);
  for (let at = 0; at < data.length; at++) {
    const group = places(at);
    values[group * size + filled[group]!++] = data[at]!;
  }
  const folded = Float32Array.from({ length: groups }, (_, group) =>
    fold(values.subarray(group * size, (group + 1) * size)),
  );
  return { data: folded, dims: left };
}

/** The offset of an element of `dims` in a tensor that is broadcast to them. */
function placesIn(dims: readonly number[], whole: readonly number[]): (at: number) => number {
  const padded = [...Array.from({ length: whole.length - dims.length }, () => 1), ...dims];
  const strides: number[] = [];
  for (let axis = whole.length - 1, stride = 1; axis >= 0; axis--) {
    strides[axis] = padded[axis] === 1 ? 0 : stride;
    stride *= padded[axis]!;
  }
  return (at) => {
    let place = 0;
    for (let axis = whole.length - 1; axis >= 0; axis--) {
      place += (at % whole[axis]!) * strides[axis]!;
      at = Math.floor(at / whole[axis]!);
    }
    return place;
  };
}

function fits(dims: readonly number[], whole: readonly number[]): boolean {
  const offset = whole.length - dims.length;
  return offset >= 0 && dims.every((size, axis) => size === 1 || size === whole[axis + offset]);
}

/**
 * Computes element by element and rounds to float32. The other tensors are broadcast to the first.
 *
 * @throws ArrayItemError if sizes do not match; torch raises too.
 */
export function combined(
  first: Series,
  others: readonly Series[],
  value: (...values: number[]) => number,
): Series {
  const { data, dims } = first;
  const wrong = others.find((other) => !fits(other.dims, dims));
  if (wrong) {
    throw new ArrayItemError(
      `has the shape [${dims.slice(1).join(', ')}], but the statistics of the learner have ` +
        `[${wrong.dims.join(', ')}]`,
      'send as many variables and steps as the learner was trained on',
    );
  }
  const places = others.map((other) => placesIn(other.dims, dims));
  const out = new Float32Array(data.length);
  for (let at = 0; at < data.length; at++) {
    out[at] = value(data[at]!, ...others.map((other, i) => other.data[places[i]!(at)]!));
  }
  return { data: out, dims };
}

/** `x[:, variables]`. */
export function picked({ data, dims }: Series, variables: readonly number[]): Series {
  const [batch = 1, , ...inner] = dims;
  const size = inner.reduce((product, count) => product * count, 1);
  const out = new Float32Array(variables.length * size);
  variables.forEach((variable, i) =>
    out.set(data.subarray(variable * size, (variable + 1) * size), i * size),
  );
  return { data: out, dims: [batch, variables.length, ...inner] };
}

/** `x[:, variables] = value`, broadcast to them. */
export function put(x: Series, variables: readonly number[], value: Series): void {
  const [batch = 1, , ...inner] = x.dims;
  const size = inner.reduce((product, count) => product * count, 1);
  const places = placesIn(value.dims, [batch, variables.length, ...inner]);
  variables.forEach((variable, i) => {
    for (let k = 0; k < size; k++) x.data[variable * size + k] = value.data[places(i * size + k)]!;
  });
}

/** `torch.cat([x, ...more], 1)`. */
export function joined(x: Series, ...more: readonly Series[]): Series {
  const all = [x, ...more];
  const [batch = 1, , ...inner] = x.dims;
  const data = new Float32Array(all.reduce((sum, one) => sum + one.data.length, 0));
  let at = 0;
  for (const one of all) {
    data.set(one.data, at);
    at += one.data.length;
  }
  return { data, dims: [batch, all.reduce((sum, one) => sum + one.dims[1]!, 0), ...inner] };
}

/** Replaces each variable of `[1, variables, steps]`, all by the same length. */
export function byVariable(x: Series, change: (steps: Float32Array) => Float32Array): Series {
  const [batch = 1, variables = 1, steps = 0] = x.dims;
  const rows = Array.from({ length: variables }, (_, i) =>
    change(x.data.subarray(i * steps, (i + 1) * steps)),
  );
  const length = rows[0]?.length ?? 0;
  const data = new Float32Array(variables * length);
  rows.forEach((row, i) => data.set(row, i * length));
  return { data, dims: [batch, variables, length] };
}

export const hasNaN = ({ data }: Series): boolean => data.some(Number.isNaN);

/** `torch.mean`, or numpy's `nanmean`. */
export const mean = (values: Float32Array, skipsNaN = false): number =>
  f(exactMean(values, skipsNaN));

/** `torch.std`, which divides by n - 1, or numpy's `nanstd`, which divides by n. */
export function deviation(values: Float32Array, skipsNaN = false): number {
  const middle = exactMean(values, skipsNaN);
  let [sum, count] = [0, 0];
  for (const value of values) {
    if (skipsNaN && Number.isNaN(value)) continue;
    sum += (value - middle) ** 2;
    count++;
  }
  return f(Math.sqrt(sum / (skipsNaN ? count : count - 1)));
}

function exactMean(values: Float32Array, skipsNaN: boolean): number {
  let [sum, count] = [0, 0];
  for (const value of values) {
    if (skipsNaN && Number.isNaN(value)) continue;
    sum += value;
    count++;
  }
  return sum / count;
}

/** torch's `min` and `max`: NaN if any element is NaN. */
export const least = (values: Float32Array): number =>
  values.reduce((low, value) => (Number.isNaN(low) || value >= low ? low : value), Infinity);
export const most = (values: Float32Array): number =>
  values.reduce((high, value) => (Number.isNaN(high) || value <= high ? high : value), -Infinity);

/** All numbers in order, without NaN. */
const inOrder = (values: Float32Array): Float32Array =>
  values.filter((value) => !Number.isNaN(value)).sort();

/** `torch.nanquantile`, which interpolates linearly between neighbours. */
export function quantile(values: Float32Array, q: number): number {
  const ordered = inOrder(values);
  if (ordered.length === 0) return NaN;
  const rank = f(q * (ordered.length - 1));
  const [low, high] = [ordered[Math.floor(rank)]!, ordered[Math.ceil(rank)]!];
  return f(low + (high - low) * (rank - Math.floor(rank)));
}

/** `torch.nanmedian`: the lower of the two middle values. */
export function lowerMedian(values: Float32Array): number {
  const ordered = inOrder(values);
  return ordered[Math.floor((ordered.length - 1) / 2)] ?? NaN;
}
