import { elements, isFloat, type NpData, type NpDType } from './dtypes.js';

/** numpy's ndarray: a view on elements. Strides and offset count elements. */
export class Nd {
  constructor(
    readonly dtype: NpDType,
    readonly shape: readonly number[],
    readonly strides: readonly number[],
    readonly offset: number,
    readonly data: NpData,
  ) {}

  /** In row-major order; zeros if no data is given. */
  static of(dtype: NpDType, shape: readonly number[], data?: NpData): Nd {
    const own = data ?? elements(dtype, countOf(shape));
    return new Nd(dtype, shape, contiguous(shape), 0, own);
  }

  static scalar(dtype: NpDType, value: number): Nd {
    const made = Nd.of(dtype, []);
    made.data[0] = stored(dtype, value);
    return made;
  }

  get size(): number {
    return countOf(this.shape);
  }

  get ndim(): number {
    return this.shape.length;
  }

  /** The element of a 0-dimensional array, or the first one. */
  get first(): number {
    return this.data[this.offset]!;
  }

  /** The elements in row-major order: a part of the data itself if it already has that order. */
  flat(): NpData {
    const { shape, strides, offset, size } = this;
    const wanted = contiguous(shape);
    if (strides.every((stride, axis) => stride === wanted[axis] || shape[axis] === 1)) {
      return this.data.subarray(offset, offset + size);
    }
    return this.copy().data;
  }

  copy(): Nd {
    return this.astype(this.dtype);
  }

  astype(dtype: NpDType): Nd {
    const out = Nd.of(dtype, this.shape);
    const { data } = this;
    const { data: to } = out;
    const convert = converter(this.dtype, dtype);
    walk(this.shape, [out, this], (n, [at, from], [, step]) => {
      for (let k = 0; k < n; k++) to[at! + k] = convert(data[from! + k * step!]!);
    });
    return out;
  }

  view(shape: readonly number[], strides: readonly number[], offset = this.offset): Nd {
    return new Nd(this.dtype, shape, strides, offset, this.data);
  }

  /** Repeats axes of size 1. Undefined if the shapes do not match. */
  broadcast(shape: readonly number[]): Nd | undefined {
    const added = shape.length - this.ndim;
    if (added < 0) return undefined;
    const strides: number[] = [];
    for (const [axis, size] of shape.entries()) {
      const own = this.shape[axis - added] ?? 1;
      if (own !== size && own !== 1) return undefined;
      strides.push(own === 1 ? 0 : this.strides[axis - added]!);
    }
    return this.view(shape, strides);
  }

  transpose(axes: readonly number[]): Nd {
    return this.view(
      axes.map((axis) => this.shape[axis]!),
      axes.map((axis) => this.strides[axis]!),
    );
  }

  /** Takes the elements in row-major order. The number of elements must stay the same. */
  reshape(shape: readonly number[]): Nd {
    return Nd.of(this.dtype, shape, this.flat());
  }

  /** Writes values of a matching shape. */
  assign(values: Nd): void {
    const { data } = this;
    // The source may share the memory.
    const source = values.data === data ? values.copy().broadcast(this.shape)! : values;
    const convert = converter(source.dtype, this.dtype);
    walk(this.shape, [this, source], (n, [to, from], [toStep, fromStep]) => {
      for (let k = 0; k < n; k++) {
        data[to! + k * toStep!] = convert(source.data[from! + k * fromStep!]!);
      }
    });
  }
}

export function countOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

function contiguous(shape: readonly number[]): number[] {
  const strides: number[] = [];
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis]!;
  }
  return strides;
}

type Visit = (count: number, starts: readonly number[], steps: readonly number[]) => void;

/**
 * Iterates over arrays of one shape together, one run along the last axis at a time. For each run
 * it gives the length, and for each array the start and the step. Axes that are contiguous in all
 * arrays are merged.
 */
export function walk(
  shape: readonly number[],
  arrays: readonly { readonly strides: readonly number[]; readonly offset: number }[],
  visit: Visit,
): void {
  if (shape.includes(0)) return;
  const sizes: number[] = [];
  const steps: number[][] = arrays.map(() => []);
  for (const [axis, size] of shape.entries()) {
    if (size === 1) continue;
    const last = sizes.length - 1;
    const joins =
      last >= 0 && arrays.every(({ strides }, i) => steps[i]![last] === size * strides[axis]!);
    if (joins) {
      sizes[last]! *= size;
      arrays.forEach(({ strides }, i) => (steps[i]![last] = strides[axis]!));
    } else {
      sizes.push(size);
      arrays.forEach(({ strides }, i) => steps[i]!.push(strides[axis]!));
    }
  }
  const length = sizes.pop() ?? 1;
  const inner = steps.map((list) => list.pop() ?? 0);
  const starts = arrays.map(({ offset }) => offset);
  const counter = sizes.map(() => 0);
  for (;;) {
    visit(length, starts, inner);
    let axis = sizes.length - 1;
    for (; axis >= 0; axis--) {
      if (++counter[axis]! < sizes[axis]!) {
        for (let i = 0; i < starts.length; i++) starts[i]! += steps[i]![axis]!;
        break;
      }
      counter[axis] = 0;
      for (let i = 0; i < starts.length; i++) starts[i]! -= steps[i]![axis]! * (sizes[axis]! - 1);
    }
    if (axis < 0) return;
  }
}

/** Converts a number to an element of that type, as C does. */
function stored(dtype: NpDType, value: number): number {
  if (dtype === 'bool') return value === 0 ? 0 : 1;
  if (isFloat(dtype)) return value;
  if (dtype === 'int64' || dtype === 'uint64') return Math.trunc(value);
  return toInteger(value);
}

/**
 * Floats become integers of 32 bits first, as on x64; values out of range become 0 in the smaller
 * types.
 */
function toInteger(value: number): number {
  return Math.abs(value) < 2 ** 31 ? Math.trunc(value) : value % 1 === 0 ? value : -(2 ** 31);
}

function converter(from: NpDType, to: NpDType): (value: number) => number {
  if (from === to) return (value) => value;
  return (value) => stored(to, value);
}
