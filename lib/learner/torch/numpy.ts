import {
  contiguousStrides,
  copyStrided,
  ELEMENT_ARRAYS,
  elementCount,
  type ElementArray,
  type ElementConstructor,
} from './element-array.js';
import { CorruptTensorError, TooManyElementsError, UnsupportedDtypeError } from './errors.js';
import { widenFloat16 } from './half.js';
import { shrink } from './pickle/numbers.js';
import { PyComplex, PyLibraryValue, type PyValue } from './python.js';

/**
 * A file can claim elements of no size (`U0`), or of an index that it only describes, at no cost.
 */
const MOST_ELEMENTS = 2 ** 28;

const NUMBER_KINDS: ReadonlyMap<string, string> = new Map([
  ['i', 'int'],
  ['u', 'uint'],
  ['f', 'float'],
  ['c', 'complex'],
]);

export class NumpyDtype extends PyLibraryValue {
  bigEndian = false;
  /** `ns` or another unit, for times; undefined for other kinds. */
  unit: string | undefined;
  /** The number of units in one step of a time, nearly always 1. */
  unitCount = 1;
  /** Records of several fields, or sub-arrays; their values cannot be read. */
  structured = false;

  constructor(
    /** Numpy's letter: `b` bool, `O` objects, `S` bytes, `U` text, `M` `m` times, `V` raw… */
    readonly kind: string,
    public itemsize: number,
  ) {
    super();
  }

  /** Numpy's short name: `f8`, `M8[ns]`. */
  get name(): string {
    const size = this.kind === 'U' ? this.itemsize / 4 : this.itemsize;
    const unit = this.unitCount === 1 ? this.unit : `${this.unitCount}${this.unit}`;
    return `${this.kind}${this.kind === 'O' ? '' : size}${this.unit ? `[${unit}]` : ''}`;
  }

  /** `float64` or another torch dtype; undefined if the kind is not a number. */
  get numberName(): string | undefined {
    return numberName(this.kind, this.itemsize);
  }
}

/** Values of an array, row by row; times count the dtype's unit. */
export type NumpyData = ElementArray | PyValue[];

export class NdArray extends PyLibraryValue {
  dtype: NumpyDtype = new NumpyDtype('f', 8);
  shape: readonly number[] = [0];
  #raw: Uint8Array | PyValue[] = new Uint8Array();
  #fortran = false;
  #data: NumpyData | undefined;

  /**
   * `raw` is bytes, or a list for objects. If `fortran`, the first index varies fastest in the
   * bytes (lists are always row by row). @throws CorruptTensorError if the bytes do not fill that
   * shape.
   */
  assign(
    dtype: NumpyDtype,
    shape: readonly number[],
    raw: Uint8Array | PyValue[],
    fortran = false,
  ): this {
    const count = elementCount(shape);
    if (!shape.every((size) => Number.isSafeInteger(size) && size >= 0)) {
      throw new CorruptTensorError(`a numpy array has the shape (${shape.join(', ')})`);
    }
    if (raw instanceof Uint8Array && raw.length !== count * dtype.itemsize) {
      throw new CorruptTensorError(
        `a numpy array of shape (${shape.join(', ')}) and dtype ${dtype.name} has ${raw.length} bytes`,
      );
    }
    if (count > MOST_ELEMENTS && (dtype.itemsize === 0 || Array.isArray(raw))) {
      throw new TooManyElementsError('A numpy array', count, MOST_ELEMENTS);
    }
    this.dtype = dtype;
    this.shape = [...shape];
    this.#raw = raw;
    this.#fortran = fortran;
    this.#data = undefined;
    return this;
  }

  get size(): number {
    return elementCount(this.shape);
  }

  /**
   * Row by row: a typed array for numbers, booleans (0 and 1) and times (int64 counts of the unit),
   * otherwise a list. @throws UnsupportedDtypeError for records of fields and long doubles.
   */
  get data(): NumpyData {
    return (this.#data ??= this.#decode());
  }

  /** As Python values: booleans as booleans, integers as numbers if a double holds them. */
  items(): PyValue[] {
    const data = this.data;
    if (Array.isArray(data)) return data;
    if (this.dtype.kind === 'b') return Array.from(data as Uint8Array, (value) => value !== 0);
    if (data instanceof BigInt64Array || data instanceof BigUint64Array) {
      return Array.from(data as ArrayLike<bigint>, (value) => shrink(value));
    }
    return Array.from(data as ArrayLike<number>, Number);
  }

  #decode(): NumpyData {
    const { dtype } = this;
    if (dtype.structured) throw new UnsupportedDtypeError(dtype.name, 'A numpy array');
    const raw = this.#raw;
    if (Array.isArray(raw)) {
      if (raw.length === this.size) return raw;
      throw new CorruptTensorError(
        `a numpy array of ${this.size} objects lists ${raw.length} of them`,
      );
    }
    const values = decodeBytes(dtype, raw, this.size);
    if (!this.#fortran || this.shape.length < 2) return values;
    const strides = contiguousStrides([...this.shape].reverse()).reverse();
    const target = Array.isArray(values) ? [...values] : values.slice();
    return copyStrided<NumpyData>(values, target, this.shape, strides, 0);
  }
}

/** One scalar from its bytes. */
export function decodeScalar(dtype: NumpyDtype, raw: Uint8Array): PyValue {
  return new NdArray().assign(dtype, [], raw).items()[0] ?? null;
}

function decodeBytes(dtype: NumpyDtype, raw: Uint8Array, count: number): NumpyData {
  const { kind, itemsize, bigEndian } = dtype;
  if (kind === 'b') return raw;
  if (kind === 'S' || kind === 'U' || kind === 'V') return decodeFixed(dtype, raw, count);
  if (kind === 'M' || kind === 'm') return numbers('i', 8, raw, bigEndian)!;
  const isComplex = kind === 'c';
  const size = isComplex ? itemsize / 2 : itemsize;
  const values = numbers(isComplex ? 'f' : kind, size, raw, bigEndian);
  if (!values) throw new UnsupportedDtypeError(dtype.name, 'A numpy array');
  if (!isComplex) return values;
  const parts = values as Float64Array;
  return Array.from({ length: count }, (_, i) => new PyComplex(parts[2 * i]!, parts[2 * i + 1]!));
}

/**
 * The bytes in little-endian order and aligned to their items: the same bytes if they already are.
 */
function ordered(raw: Uint8Array, itemsize: number, bigEndian: boolean): Uint8Array {
  if (!bigEndian && raw.byteOffset % itemsize === 0) return raw;
  const bytes = raw.slice();
  if (!bigEndian) return bytes;
  for (let start = 0; start < bytes.length; start += itemsize) {
    bytes.subarray(start, start + itemsize).reverse();
  }
  return bytes;
}

function numberName(kind: string, itemsize: number): string | undefined {
  const name = NUMBER_KINDS.get(kind);
  return name && `${name}${itemsize * 8}`;
}

function numbers(
  kind: string,
  itemsize: number,
  raw: Uint8Array,
  bigEndian: boolean,
): ElementArray | undefined {
  const name = numberName(kind, itemsize) ?? '';
  const isHalf = name === 'float16';
  if (!isHalf && !Object.hasOwn(ELEMENT_ARRAYS, name)) return undefined;
  const array: ElementConstructor = isHalf ? Uint16Array : ELEMENT_ARRAYS[name as 'float64'];
  const { buffer, byteOffset, length } = ordered(raw, itemsize, bigEndian);
  const values = new array(buffer, byteOffset, length / itemsize);
  return isHalf ? widenFloat16(values as Uint16Array) : values;
}

/** Text and bytes of fixed width; numpy pads them with zeros and strips the zeros again. */
function decodeFixed(dtype: NumpyDtype, raw: Uint8Array, count: number): PyValue[] {
  const { kind, itemsize } = dtype;
  const values: PyValue[] = [];
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  for (let i = 0; i < count; i++) {
    const start = i * itemsize;
    values.push(
      kind === 'U'
        ? decodeUtf32(view, start, start + itemsize, !dtype.bigEndian)
        : raw.subarray(start, start + (kind === 'S' ? usedLength(raw, start, itemsize) : itemsize)),
    );
  }
  return values;
}

function usedLength(raw: Uint8Array, start: number, length: number): number {
  let used = length;
  while (used > 0 && raw[start + used - 1] === 0) used--;
  return used;
}

function decodeUtf32(view: DataView, start: number, end: number, littleEndian: boolean): string {
  const points: number[] = [];
  for (let at = start; at + 4 <= end; at += 4) {
    const point = view.getUint32(at, littleEndian);
    if (point > 0x10ffff) throw new CorruptTensorError(`${point} is not a character`);
    points.push(point);
  }
  while (points.at(-1) === 0) points.pop();
  return points.map((point) => String.fromCodePoint(point)).join('');
}
