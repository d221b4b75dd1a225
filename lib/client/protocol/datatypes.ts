/** The protocol's element types. `BYTES` are strings of bytes. @publicApi */
export type Datatype = keyof typeof DATATYPES;

/**
 * The elements of a tensor in row-major order: a typed array (BOOL as 0 and 1, FP16 as the bits of
 * each number), or for BYTES a list of strings or bytes.
 *
 * @publicApi
 */
export type TensorData =
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigUint64Array
  | Float32Array
  | Float64Array
  | readonly (string | Uint8Array)[];

export type NumericData = Exclude<TensorData, readonly (string | Uint8Array)[]>;

interface Info {
  /** The bytes of an element; undefined for BYTES, whose elements vary in length. */
  readonly size: number | undefined;
  readonly array: (new (buffer: ArrayBuffer) => NumericData) | undefined;
  readonly kind: 'bool' | 'int' | 'float' | 'bytes';
  /** For integers: the smallest and the largest. */
  readonly range?: readonly [bigint, bigint];
}

const unsigned = (bits: number): readonly [bigint, bigint] => [0n, 2n ** BigInt(bits) - 1n];
const signed = (bits: number): readonly [bigint, bigint] => [
  -(2n ** BigInt(bits - 1)),
  2n ** BigInt(bits - 1) - 1n,
];

export const DATATYPES = {
  BOOL: { size: 1, array: Uint8Array, kind: 'bool' },
  UINT8: { size: 1, array: Uint8Array, kind: 'int', range: unsigned(8) },
  UINT16: { size: 2, array: Uint16Array, kind: 'int', range: unsigned(16) },
  UINT32: { size: 4, array: Uint32Array, kind: 'int', range: unsigned(32) },
  UINT64: { size: 8, array: BigUint64Array, kind: 'int', range: unsigned(64) },
  INT8: { size: 1, array: Int8Array, kind: 'int', range: signed(8) },
  INT16: { size: 2, array: Int16Array, kind: 'int', range: signed(16) },
  INT32: { size: 4, array: Int32Array, kind: 'int', range: signed(32) },
  INT64: { size: 8, array: BigInt64Array, kind: 'int', range: signed(64) },
  FP16: { size: 2, array: Uint16Array, kind: 'float' },
  FP32: { size: 4, array: Float32Array, kind: 'float' },
  FP64: { size: 8, array: Float64Array, kind: 'float' },
  BYTES: { size: undefined, array: undefined, kind: 'bytes' },
} as const satisfies Record<string, Info>;

export function infoOf(datatype: Datatype): Info {
  return DATATYPES[datatype];
}

export function isDatatype(name: unknown): name is Datatype {
  return typeof name === 'string' && Object.hasOwn(DATATYPES, name);
}
