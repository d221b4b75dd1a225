/** Element types of graph values. Half-precision weights are widened to float32. */
export type OnnxDType = 'float32' | 'float64' | 'int64' | 'int32' | 'int8' | 'uint8' | 'bool';

/** `TensorProto.DataType` of the ONNX format. */
export const dtypeCodes: Readonly<Record<OnnxDType, number>> = {
  float32: 1,
  uint8: 2,
  int8: 3,
  int32: 6,
  int64: 7,
  bool: 9,
  float64: 11,
};

/** Elements as their ONNX raw data: contiguous, row-major, little-endian. */
export type RawArray =
  Float32Array | Float64Array | BigInt64Array | Int32Array | Int8Array | Uint8Array;

interface ArrayType {
  readonly BYTES_PER_ELEMENT: number;
  from(values: ArrayLike<number | bigint>, convert: (value: number | bigint) => number): RawArray;
}

const arrays: Readonly<Record<Exclude<OnnxDType, 'int64'>, ArrayType>> = {
  float32: Float32Array,
  float64: Float64Array,
  int32: Int32Array,
  int8: Int8Array,
  uint8: Uint8Array,
  bool: Uint8Array,
};

/** Bytes of one element in raw data. */
export const sizeOf = (dtype: OnnxDType): number =>
  (dtype === 'int64' ? BigInt64Array : arrays[dtype]).BYTES_PER_ELEMENT;

/** Numbers as the typed array for `dtype`. */
export function toRawArray(values: ArrayLike<number | bigint>, dtype: OnnxDType): RawArray {
  return dtype === 'int64'
    ? BigInt64Array.from(values, BigInt)
    : arrays[dtype].from(values, Number);
}

/** The same memory as bytes. */
export function bytesOf(array: RawArray): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}
