import {
  contiguousStrides,
  copyStrided,
  ELEMENT_ARRAYS,
  elementCount,
  elementNameOf,
  type ElementArray,
  type ElementConstructor,
  type ElementName,
} from './element-array.js';
import { CorruptTensorError, TooManyElementsError, UnsupportedDtypeError } from './errors.js';
import { widenBfloat16, widenFloat16, widenFloat8E4m3fn, widenFloat8E5m2 } from './half.js';
import { PyLibraryValue } from './python.js';
import { MemoryStorage, type TorchStorage } from './storage.js';

/** torch's element types, by name without the prefix `torch.`. */
export type DType =
  | ElementName
  | 'float16'
  | 'bfloat16'
  | 'bool'
  | 'complex64'
  | 'complex128'
  | 'float8_e4m3fn'
  | 'float8_e5m2';

/** How the file stores the elements; a complex element is two floats. */
const LAYOUT: Readonly<Record<DType, ElementConstructor>> = {
  ...ELEMENT_ARRAYS,
  float16: Uint16Array,
  bfloat16: Uint16Array,
  bool: Uint8Array,
  complex64: Float32Array,
  complex128: Float64Array,
  float8_e4m3fn: Uint8Array,
  float8_e5m2: Uint8Array,
};

const WIDEN: Readonly<Partial<Record<DType, (bits: never) => Float32Array>>> = {
  float16: widenFloat16,
  bfloat16: widenBfloat16,
  float8_e4m3fn: widenFloat8E4m3fn,
  float8_e5m2: widenFloat8E5m2,
};

/** The most elements of one tensor in memory: 8 GiB of float32. */
const MOST_ELEMENTS = 2 ** 31;
/** The most elements that a tensor may repeat (stride 0) beyond those of its storage. */
const MOST_REPEATED = 2 ** 28;

/** Whether a name is one of torch's element types that can be read. */
export function isDType(name: string): name is DType {
  return Object.hasOwn(LAYOUT, name);
}

/** Bytes of one element. */
export function elementSize(dtype: DType): number {
  return LAYOUT[dtype].BYTES_PER_ELEMENT * partsOf(dtype);
}

function partsOf(dtype: DType): 1 | 2 {
  return dtype === 'complex64' || dtype === 'complex128' ? 2 : 1;
}

/** A storage as the pickle refers to it: typed, such as `torch.FloatStorage`, or untyped. */
export class StorageView extends PyLibraryValue {
  constructor(
    readonly storage: TorchStorage,
    /** Undefined for an untyped storage, and for types that have no tensors here (quantised). */
    readonly dtype: DType | undefined,
  ) {
    super();
  }
}

/**
 * A view of a storage in the file; shape, strides and offset count elements. Returned arrays may be
 * views of the file's bytes: do not write to them.
 */
export class Tensor extends PyLibraryValue {
  /** @throws CorruptTensorError if the view does not lie within the storage. */
  constructor(
    readonly storage: TorchStorage,
    readonly dtype: DType,
    readonly shape: readonly number[],
    readonly strides: readonly number[],
    readonly offset: number,
  ) {
    super();
    this.#checkBounds();
  }

  /** A tensor of values in memory, row by row; the dtype defaults to the array's own. */
  static fromArray(data: ElementArray, shape: readonly number[], dtype?: DType): Tensor {
    const type = dtype ?? elementNameOf(data) ?? 'uint8';
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    return new Tensor(new MemoryStorage(bytes), type, shape, contiguousStrides(shape), 0);
  }

  get numel(): number {
    return elementCount(this.shape);
  }

  /** Whether the elements lie row by row, without gaps. */
  get isContiguous(): boolean {
    let expected = 1;
    for (let i = this.shape.length - 1; i >= 0; i--) {
      if (this.shape[i] !== 1 && this.strides[i] !== expected) return this.numel === 0;
      expected *= this.shape[i]!;
    }
    return true;
  }

  /** Row by row; float64 and integers are rounded. @throws UnsupportedDtypeError if complex. */
  toFloat32(): Float32Array {
    const values = this.#toReal();
    if (values instanceof Float32Array) return values;
    if (values instanceof BigInt64Array || values instanceof BigUint64Array) {
      return float32FromInt64(values);
    }
    return Float32Array.from(values);
  }

  /** Row by row in the dtype's own array; narrow floats widened, complex numbers as pairs. */
  toTyped(): ElementArray {
    const raw = this.#elements();
    const widen = WIDEN[this.dtype];
    return widen ? widen(raw as never) : raw;
  }

  /**
   * The bytes of the elements in the file's own type, row by row. They come in pieces if they are a
   * whole storage; the memory of a piece may be reused for the next one.
   */
  pieces(): Iterable<Uint8Array> {
    const { storage, dtype, offset, numel } = this;
    const isWhole = offset === 0 && numel * elementSize(dtype) === storage.byteLength;
    if (isWhole && this.isContiguous) return storage.pieces();
    const { buffer, byteOffset, byteLength } = this.#elements();
    return [new Uint8Array(buffer, byteOffset, byteLength)];
  }

  /** All elements, row by row. int64 values beyond 2^53 lose precision. */
  toNumbers(): number[] {
    return Array.from(this.#toReal() as ArrayLike<number | bigint>, Number);
  }

  /** The only element. @throws CorruptTensorError if there is not exactly one. */
  item(): number {
    if (this.numel !== 1) throw new CorruptTensorError(`one element expected, found ${this.numel}`);
    return this.toNumbers()[0]!;
  }

  #toReal(): ElementArray {
    if (partsOf(this.dtype) === 2) throw new UnsupportedDtypeError(this.dtype, 'A tensor');
    return this.toTyped();
  }

  /**
   * The elements in the file's own type, in row-major order: a view if they already lie in that
   * order.
   */
  #elements(): ElementArray {
    const constructor = LAYOUT[this.dtype];
    const parts = partsOf(this.dtype);
    const count = this.numel;
    this.#checkCount(count);
    if (count === 0) return new constructor(0);
    const bytes = this.storage.bytes();
    if (this.isContiguous) {
      return viewOrCopy(constructor, bytes, this.offset * parts, count * parts);
    }
    const held = Math.floor(bytes.byteLength / constructor.BYTES_PER_ELEMENT);
    const all = viewOrCopy(constructor, bytes, 0, held);
    const shape = parts === 1 ? this.shape : [...this.shape, parts];
    const strides = parts === 1 ? this.strides : [...this.strides.map((s) => s * parts), 1];
    return copyStrided(all, new constructor(count * parts), shape, strides, this.offset * parts);
  }

  #checkCount(count: number): void {
    const held = this.storage.byteLength / elementSize(this.dtype);
    const allowed = Math.min(MOST_ELEMENTS, held + MOST_REPEATED);
    if (count > allowed) throw new TooManyElementsError('A tensor', count, Math.floor(allowed));
  }

  #checkBounds(): void {
    const { shape, strides, offset } = this;
    if (shape.length !== strides.length) {
      throw new CorruptTensorError(`${shape.length} dimensions have ${strides.length} strides`);
    }
    if (![...shape, ...strides, offset].every((n) => Number.isSafeInteger(n) && n >= 0)) {
      throw new CorruptTensorError(
        `shape [${shape.join(', ')}], strides [${strides.join(', ')}] and offset ${offset} ` +
          'must be non-negative integers',
      );
    }
    let last = offset;
    for (const [i, size] of shape.entries()) last += (size - 1) * strides[i]!;
    const held = Math.floor(this.storage.byteLength / elementSize(this.dtype));
    if (this.numel > 0 && last >= held) {
      throw new CorruptTensorError(
        `it uses element ${last} of the storage "${this.storage.key}", which has ${held} elements`,
      );
    }
  }
}

function viewOrCopy(
  constructor: ElementConstructor,
  bytes: Uint8Array,
  start: number,
  count: number,
): ElementArray {
  const size = constructor.BYTES_PER_ELEMENT;
  const from = bytes.byteOffset + start * size;
  if (from % size === 0) return new constructor(bytes.buffer, from, count);
  // Typed arrays must start at a multiple of their element's size.
  const copy = new Uint8Array(bytes.subarray(start * size, (start + count) * size));
  return new constructor(copy.buffer, copy.byteOffset, count);
}

/** Reads 32-bit halves: a bigint per element would cost thirty times as much. */
function float32FromInt64(values: BigInt64Array | BigUint64Array): Float32Array {
  const low = new Uint32Array(values.buffer, values.byteOffset, values.length * 2);
  const high =
    values instanceof BigInt64Array
      ? new Int32Array(values.buffer, values.byteOffset, values.length * 2)
      : low;
  const result = new Float32Array(values.length);
  for (let i = 0; i < result.length; i++) {
    result[i] = high[2 * i + 1]! * 2 ** 32 + low[2 * i]!;
  }
  return result;
}
