/** Element types of graph values. Half-precision weights come widened to float32. */
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

/** Bytes of one element in raw data. */
export const dtypeSizes: Readonly<Record<OnnxDType, number>> = {
  float32: 4,
  uint8: 1,
  int8: 1,
  int32: 4,
  int64: 8,
  bool: 1,
  float64: 8,
};

/** Elements as their ONNX raw data: contiguous, row-major, little-endian. */
export type RawArray =
  Float32Array | Float64Array | BigInt64Array | Int32Array | Int8Array | Uint8Array;

/** Numbers as the typed array that `dtype` is stored in. */
export function toRawArray(values: ArrayLike<number | bigint>, dtype: OnnxDType): RawArray {
  switch (dtype) {
    case 'float32':
      return Float32Array.from(values, Number);
    case 'float64':
      return Float64Array.from(values, Number);
    case 'int64':
      return BigInt64Array.from(values, BigInt);
    case 'int32':
      return Int32Array.from(values, Number);
    case 'int8':
      return Int8Array.from(values, Number);
    case 'uint8':
    case 'bool':
      return Uint8Array.from(values, Number);
  }
}

/** The same memory as bytes. */
export function bytesOf(array: RawArray): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}
