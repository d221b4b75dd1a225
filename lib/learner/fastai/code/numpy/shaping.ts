import { LibraryError } from '../library-error.js';
import { promoted, type NpDType } from './dtypes.js';
import { commonShape } from './elementwise.js';
import { getItem } from './indexing.js';
import { countOf, Nd } from './nd-array.js';
import { axisAt } from './reduce.js';

/** `np.where(condition, x, y)`. */
export function select(condition: Nd, x: Nd, y: Nd, dtype: NpDType): Nd {
  const shape = commonShape([condition.shape, x.shape, y.shape]);
  const out = y.broadcast(shape)?.copy() ?? Nd.of(dtype, shape);
  const flags = condition.broadcast(shape)!.flat();
  const values = x.broadcast(shape)!.flat();
  for (let i = 0; i < flags.length; i++) if (flags[i] !== 0) out.data[i] = values[i]!;
  return out;
}

export function reshape(a: Nd, sizes: readonly number[]): Nd {
  const known = countOf(sizes.filter((size) => size !== -1));
  const shape = sizes.map((size) => (size === -1 ? a.size / known : size));
  if (countOf(shape) !== a.size || shape.some((size) => !Number.isInteger(size) || size < 0)) {
    throw new LibraryError(
      'ValueError',
      `cannot reshape array of size ${a.size} into shape (${sizes.join(',')})`,
    );
  }
  return a.reshape(shape);
}

export function transpose(a: Nd, axes: readonly number[] | undefined): Nd {
  const order = axes?.map((axis) => axisAt(axis, a.ndim)) ?? a.shape.map((_, i) => a.ndim - 1 - i);
  if (new Set(order).size !== a.ndim)
    throw new LibraryError('ValueError', "axes don't match array");
  return a.transpose(order);
}

export function swapAxes(a: Nd, first: number, second: number): Nd {
  const order = a.shape.map((_, i) => i);
  const [x, y] = [axisAt(first, a.ndim), axisAt(second, a.ndim)];
  [order[x], order[y]] = [y, x];
  return a.transpose(order);
}

export function moveAxis(a: Nd, source: readonly number[], destination: readonly number[]): Nd {
  const from = source.map((axis) => axisAt(axis, a.ndim));
  const order = a.shape.map((_, i) => i).filter((axis) => !from.includes(axis));
  const moves = destination.map((axis, i) => [axisAt(axis, a.ndim), from[i]!] as const);
  for (const [to, axis] of moves.toSorted(([x], [y]) => x - y)) order.splice(to, 0, axis);
  return a.transpose(order);
}

export function expand(a: Nd, axis: number): Nd {
  const at = axisAt(axis, a.ndim + 1);
  return a.view(a.shape.toSpliced(at, 0, 1), a.strides.toSpliced(at, 0, 0));
}

export function squeeze(a: Nd, axes: readonly number[] | undefined): Nd {
  const gone = axes?.map((axis) => axisAt(axis, a.ndim));
  if (gone?.some((axis) => a.shape[axis] !== 1)) {
    throw new LibraryError(
      'ValueError',
      'cannot select an axis to squeeze out which has size not equal to one',
    );
  }
  const keeps = (axis: number): boolean => (gone ? !gone.includes(axis) : a.shape[axis] !== 1);
  return a.view(
    a.shape.filter((_, axis) => keeps(axis)),
    a.strides.filter((_, axis) => keeps(axis)),
  );
}

export function flip(a: Nd, axes: readonly number[] | undefined): Nd {
  const turned = axes?.map((axis) => axisAt(axis, a.ndim)) ?? a.shape.map((_, axis) => axis);
  return getItem(
    a,
    a.shape.map((_, axis) => ({ kind: 'slice', ...(turned.includes(axis) && { step: -1 }) })),
  );
}

export function rotate(a: Nd, k: number, [first = 0, second = 1]: readonly number[]): Nd {
  const turns = ((k % 4) + 4) % 4;
  if (turns === 0) return a;
  if (turns === 2) return flip(a, [first, second]);
  return turns === 1
    ? swapAxes(flip(a, [second]), first, second)
    : flip(swapAxes(a, first, second), [second]);
}

export function concatenate(arrays: readonly Nd[], axis: number): Nd {
  const [first] = arrays;
  if (!first) throw new LibraryError('ValueError', 'need at least one array to concatenate');
  const at = axisAt(axis, first.ndim);
  const fits = ({ shape }: Nd): boolean =>
    shape.length === first.ndim && shape.every((size, i) => i === at || size === first.shape[i]);
  if (!arrays.every(fits)) {
    throw new LibraryError(
      'ValueError',
      'all the input array dimensions except for the concatenation axis must match exactly',
    );
  }
  const dtype = arrays.map((array) => array.dtype).reduce(promoted);
  const size = arrays.reduce((sum, { shape }) => sum + shape[at]!, 0);
  const out = Nd.of(dtype, first.shape.with(at, size));
  let start = 0;
  for (const array of arrays) {
    const part = out.view(array.shape, out.strides, out.offset + start * out.strides[at]!);
    part.assign(array);
    start += array.shape[at]!;
  }
  return out;
}

export function stack(arrays: readonly Nd[], axis: number): Nd {
  const [first] = arrays;
  if (!first) throw new LibraryError('ValueError', 'need at least one array to stack');
  if (arrays.some(({ shape }) => shape.join() !== first.shape.join())) {
    throw new LibraryError('ValueError', 'all input arrays must have the same shape');
  }
  return concatenate(
    arrays.map((array) => expand(array, axis)),
    axis,
  );
}

/** `np.atleast_3d`. */
export function deep(a: Nd): Nd {
  if (a.ndim === 2) return expand(a, 2);
  return a.ndim >= 3 ? a : a.reshape([1, a.size, 1]);
}

export function repeat(a: Nd, repeats: number, axis: number | undefined): Nd {
  if (repeats < 0) throw new LibraryError('ValueError', 'repeats may not contain negative values.');
  const source = axis === undefined ? a.reshape([a.size]) : a;
  const at = axisAt(axis ?? 0, source.ndim);
  const wide = expand(source, at + 1);
  const shape = wide.shape.with(at + 1, repeats);
  return wide.broadcast(shape)!.reshape(source.shape.with(at, source.shape[at]! * repeats));
}

export function tile(a: Nd, reps: readonly number[]): Nd {
  if (reps.some((count) => count < 0)) {
    throw new LibraryError('ValueError', 'negative dimensions are not allowed');
  }
  const rank = Math.max(a.ndim, reps.length);
  const counts = [...Array<number>(rank - reps.length).fill(1), ...reps];
  const own = a.reshape([...Array<number>(rank - a.ndim).fill(1), ...a.shape]);
  const pairs = own.shape.flatMap((size, i) => [counts[i]!, size]);
  const apart = own.reshape(own.shape.flatMap((size) => [1, size]));
  return apart.broadcast(pairs)!.reshape(own.shape.map((size, i) => size * counts[i]!));
}

export function roll(a: Nd, shift: readonly number[], axes: readonly number[] | undefined): Nd {
  if (axes === undefined) return roll(a.reshape([a.size]), shift, [0]).reshape(a.shape);
  return axes.reduce((array, axis, i) => {
    const at = axisAt(axis, array.ndim);
    const size = array.shape[at]!;
    if (size === 0) return array;
    const by = (((shift[i] ?? shift[0]!) % size) + size) % size;
    const part = (start: number, stop: number): Nd =>
      getItem(
        array,
        array.shape.map((_, k) => (k === at ? { kind: 'slice', start, stop } : { kind: 'slice' })),
      );
    return concatenate([part(size - by, size), part(0, size - by)], at);
  }, a);
}

export type PadMode = 'constant' | 'edge' | 'reflect' | 'symmetric' | 'wrap';
export type Widths = readonly (readonly [number, number])[];

/** `((before, after), ...)`, one pair for all axes, or one number for all. */
export function padWidths(given: Nd, rank: number): Widths {
  const wide = given.broadcast([rank, 2]);
  const flat = wide?.flat();
  if (!flat || flat.some((width) => width < 0)) {
    throw new LibraryError(
      'ValueError',
      "index can't contain negative values, or has the wrong shape",
    );
  }
  return Array.from({ length: rank }, (_, axis) => [flat[2 * axis]!, flat[2 * axis + 1]!]);
}

/** The source index of a padded position; -1 for none. */
function sourceOf(at: number, size: number, mode: PadMode): number {
  if (at >= 0 && at < size) return at;
  if (mode === 'constant') return -1;
  if (size === 0)
    throw new LibraryError('ValueError', `can't extend empty axis using mode '${mode}'`);
  if (mode === 'edge') return at < 0 ? 0 : size - 1;
  if (mode === 'wrap') return ((at % size) + size) % size;
  const period = mode === 'reflect' ? Math.max(1, 2 * (size - 1)) : 2 * size;
  const phase = ((at % period) + period) % period;
  if (phase < size) return phase;
  return mode === 'reflect' ? period - phase : period - 1 - phase;
}

export function pad(a: Nd, widths: Widths, mode: PadMode, value: number): Nd {
  return widths.reduce((array, [before, after], axis) => {
    if (before === 0 && after === 0) return array;
    const size = array.shape[axis]!;
    const length = before + size + after;
    const places = Float64Array.from({ length }, (_, i) => sourceOf(i - before, size, mode));
    const index = Nd.of(
      'int64',
      [length],
      places.map((place) => Math.max(0, place)),
    );
    const parts = array.shape.map((_, k) =>
      k === axis ? ({ kind: 'array', array: index } as const) : ({ kind: 'slice' } as const),
    );
    if (mode !== 'constant') return getItem(array, parts);
    const out = Nd.of(array.dtype, array.shape.with(axis, length));
    if (value !== 0) out.data.fill(value);
    const middle = out.view(array.shape, out.strides, before * out.strides[axis]!);
    middle.assign(array);
    return out;
  }, a);
}
