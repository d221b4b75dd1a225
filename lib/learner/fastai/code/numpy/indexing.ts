import { LibraryError, LibraryLimitError } from '../library-error.js';
import { commonShape } from './elementwise.js';
import { countOf, Nd, walk } from './nd-array.js';
import { kindOf } from './dtypes.js';

/** One part of an index. */
export type IndexPart =
  | { readonly kind: 'int'; readonly at: number }
  | {
      readonly kind: 'slice';
      readonly start?: number;
      readonly stop?: number;
      readonly step?: number;
    }
  | { readonly kind: 'new' }
  | { readonly kind: 'rest' }
  | { readonly kind: 'array'; readonly array: Nd };

/** An array for each picked axis, and where its axes are in the result. */
interface Picked {
  /** The result of the basic parts; picked axes are still whole. */
  readonly view: Nd;
  readonly axes: readonly number[];
  readonly indices: readonly Nd[];
  /** Undefined if they are not adjacent. Then they come first. */
  readonly place: number | undefined;
}

/** `slice.indices(size)`. */
function sliceOf(
  { start, stop, step = 1 }: { start?: number; stop?: number; step?: number },
  size: number,
): { start: number; step: number; length: number } {
  if (step === 0) throw new LibraryError('ValueError', 'slice step cannot be zero');
  const [low, high] = step > 0 ? [0, size] : [-1, size - 1];
  const clip = (at: number | undefined, absent: number): number =>
    at === undefined ? absent : Math.min(Math.max(at < 0 ? at + size : at, low), high);
  const from = clip(start, step > 0 ? low : high);
  const to = clip(stop, step > 0 ? high : low);
  return { start: from, step, length: Math.max(0, Math.ceil((to - from) / step)) };
}

function resolve(a: Nd, parts: readonly IndexPart[]): Picked {
  const uses = (part: IndexPart): number => {
    if (part.kind === 'array') return part.array.dtype === 'bool' ? part.array.ndim : 1;
    return part.kind === 'new' || part.kind === 'rest' ? 0 : 1;
  };
  const used = parts.reduce((count, part) => count + uses(part), 0);
  if (used > a.ndim) {
    throw new LibraryError(
      'IndexError',
      `too many indices for array: array is ${a.ndim}-dimensional, but ${used} were indexed`,
    );
  }
  const full = parts.some(({ kind }) => kind === 'rest')
    ? parts
    : [...parts, { kind: 'rest' } as const];
  const shape: number[] = [];
  const strides: number[] = [];
  let offset = a.offset;
  const axes: number[] = [];
  const indices: Nd[] = [];
  const places: number[] = [];
  // A number among arrays also counts as an array.
  const picks = parts.some(({ kind }) => kind === 'array');
  let axis = 0;
  let position = 0;
  const pick = (index: Nd): void => {
    axes.push(shape.length);
    indices.push(index);
    shape.push(a.shape[axis]!);
    strides.push(a.strides[axis]!);
    axis++;
  };
  for (const part of full) {
    switch (part.kind) {
      case 'rest':
        for (let left = a.ndim - used; left > 0; left--, axis++) {
          shape.push(a.shape[axis]!);
          strides.push(a.strides[axis]!);
        }
        if (a.ndim > used) position++;
        break;
      case 'new':
        shape.push(1);
        strides.push(0);
        position++;
        break;
      case 'int':
        if (picks) {
          places.push(position++);
          pick(Nd.scalar('int64', inBounds(part.at, a.shape[axis]!, axis)));
          break;
        }
        offset += inBounds(part.at, a.shape[axis]!, axis) * a.strides[axis]!;
        axis++;
        break;
      case 'slice': {
        const { start, step, length } = sliceOf(part, a.shape[axis]!);
        offset += start * a.strides[axis]!;
        shape.push(length);
        strides.push(step * a.strides[axis]!);
        axis++;
        position++;
        break;
      }
      case 'array':
        places.push(position++);
        if (part.array.dtype === 'bool') {
          checkMask(part.array, a.shape, axis);
          for (const index of nonzero(part.array)) pick(index);
        } else {
          if (kindOf(part.array.dtype) === 'f') {
            throw new LibraryError(
              'IndexError',
              'arrays used as indices must be of integer (or boolean) type',
            );
          }
          pick(part.array);
        }
    }
  }
  const near = places.every((place, i) => i === 0 || place === places[i - 1]! + 1);
  return { view: a.view(shape, strides, offset), axes, indices, place: near ? axes[0] : undefined };
}

function inBounds(at: number, size: number, axis: number): number {
  if (at < -size || at >= size) {
    throw new LibraryError(
      'IndexError',
      `index ${at} is out of bounds for axis ${axis} with size ${size}`,
    );
  }
  return at < 0 ? at + size : at;
}

function checkMask(mask: Nd, shape: readonly number[], axis: number): void {
  mask.shape.forEach((size, i) => {
    if (size !== shape[axis + i]) {
      throw new LibraryError(
        'IndexError',
        `boolean index did not match indexed array along axis ${axis + i}; size of axis is ${shape[axis + i]} but size of corresponding boolean axis is ${size}`,
      );
    }
  });
}

/** `np.nonzero`: the indices along each axis. */
export function nonzero(mask: Nd): Nd[] {
  const flat = mask.flat();
  const found: number[] = [];
  for (let i = 0; i < flat.length; i++) if (flat[i] !== 0) found.push(i);
  let below = countOf(mask.shape);
  return mask.shape.map((size) => {
    below /= size;
    const places = Float64Array.from(found, (at) => Math.floor(at / below) % size);
    return Nd.of('int64', [found.length], places);
  });
}

/** Offsets of the picked elements in the data, as an array, with its shape. */
function pickedOffsets({ view, axes, indices, place }: Picked): Nd {
  const shape = commonShape(indices.map((index) => index.shape));
  const rest = view.shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
  const before = place === undefined ? 0 : rest.filter((axis) => axis < place).length;
  const restShape = rest.map((axis) => view.shape[axis]!);
  const result = [...restShape.slice(0, before), ...shape, ...restShape.slice(before)];
  if (countOf(result) > 2 ** 28)
    throw new LibraryLimitError('An array of this size is not supported');
  const offsets = Nd.of('float64', result);
  offsets.data.fill(view.offset);
  const add = (values: Nd): void => {
    const wide = values.broadcast(result)!;
    walk(result, [offsets, wide], (n, [to, from], [, step]) => {
      for (let k = 0; k < n; k++) offsets.data[to! + k]! += wide.data[from! + k * step!]!;
    });
  };
  indices.forEach((index, i) => {
    const size = view.shape[axes[i]!]!;
    const stride = view.strides[axes[i]!]!;
    const scaled = Nd.of(
      'float64',
      index.shape,
      Float64Array.from(index.flat(), (at) => inBounds(at, size, axes[i]!) * stride),
    );
    const wide = scaled.broadcast(shape)!;
    add(spread(wide, result, before));
  });
  rest.forEach((axis, i) => {
    const steps = Float64Array.from(
      { length: view.shape[axis]! },
      (_, k) => k * view.strides[axis]!,
    );
    const at = i < before ? i : i + shape.length;
    add(spread(Nd.of('float64', [steps.length], steps), result, at));
  });
  return offsets;
}

/** An array with its axes at a position of a larger shape. */
function spread(a: Nd, shape: readonly number[], at: number): Nd {
  const strides = shape.map((_, axis) => a.strides[axis - at] ?? 0);
  return a.view(
    shape.map((size) => size),
    strides,
  );
}

export function getItem(a: Nd, parts: readonly IndexPart[]): Nd {
  const picked = resolve(a, parts);
  if (picked.indices.length === 0) return picked.view;
  const offsets = pickedOffsets(picked);
  const out = Nd.of(a.dtype, offsets.shape);
  for (let i = 0; i < out.data.length; i++) out.data[i] = a.data[offsets.data[i]!]!;
  return out;
}

export function setItem(a: Nd, parts: readonly IndexPart[], values: Nd): void {
  const picked = resolve(a, parts);
  const target = picked.indices.length === 0 ? picked.view : pickedOffsets(picked);
  const wide = values.broadcast(target.shape) ?? broadcastable(values, target.shape);
  if (picked.indices.length === 0) return picked.view.assign(wide);
  const flat = wide.astype(a.dtype).data;
  for (let i = 0; i < flat.length; i++) a.data[target.data[i]!] = flat[i]!;
}

/** Drops leading axes of size 1. */
function broadcastable(values: Nd, shape: readonly number[]): Nd {
  const extra = values.ndim - shape.length;
  if (extra > 0 && values.shape.slice(0, extra).every((size) => size === 1)) {
    const inner = values.view(values.shape.slice(extra), values.strides.slice(extra));
    const wide = inner.broadcast(shape);
    if (wide) return wide;
  }
  throw new LibraryError(
    'ValueError',
    `could not broadcast input array from shape (${values.shape.join(',')}) into shape (${shape.join(',')})`,
  );
}
