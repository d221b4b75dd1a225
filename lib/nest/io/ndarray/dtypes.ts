import type { IoSchema } from '../io-descriptor.js';

export type NumberArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | Uint8Array
  | Uint16Array
  | Uint32Array;

/** The data of a tensor. */
export type NdarrayData = NumberArray | BigInt64Array | BigUint64Array | string[];

interface DTypeInfo {
  readonly kind: 'float' | 'int' | 'uint' | 'bool' | 'string';
  readonly bits: number;
  readonly schema: IoSchema;
  /** The class of a tensor's data; strings are in a plain array. */
  readonly array?: new (length: number) => NdarrayData;
}

function info(
  kind: DTypeInfo['kind'],
  bits: number,
  schema: IoSchema,
  array?: DTypeInfo['array'],
): DTypeInfo {
  return { kind, bits, schema, array };
}

const number: IoSchema = { type: 'number' };
const integer: IoSchema = { type: 'integer' };

export const DTYPES = {
  float16: info('float', 16, number, Uint16Array),
  float32: info('float', 32, { ...number, format: 'float' }, Float32Array),
  float64: info('float', 64, { ...number, format: 'double' }, Float64Array),
  int8: info('int', 8, integer, Int8Array),
  int16: info('int', 16, integer, Int16Array),
  int32: info('int', 32, { ...integer, format: 'int32' }, Int32Array),
  int64: info('int', 64, { ...integer, format: 'int64' }, BigInt64Array),
  uint8: info('uint', 8, integer, Uint8Array),
  uint16: info('uint', 16, integer, Uint16Array),
  uint32: info('uint', 32, integer, Uint32Array),
  uint64: info('uint', 64, integer, BigUint64Array),
  bool: info('bool', 1, { type: 'boolean' }, Uint8Array),
  string: info('string', 0, { type: 'string' }),
};

/**
 * The element types of arrays: those of onnxruntime's tensors, except the 4-bit ones. @publicApi
 */
export type NdarrayDType = keyof typeof DTYPES;

export function isDtype(name: string): name is NdarrayDType {
  return Object.hasOwn(DTYPES, name);
}

export function allocate(dtype: NdarrayDType, length: number): NdarrayData {
  const { array: ArrayClass } = DTYPES[dtype];
  return ArrayClass ? new ArrayClass(length) : Array.from<string>({ length }).fill('');
}

/** The dtype of a typed array, or undefined for other views. */
export function dtypeOf(view: ArrayBufferView): NdarrayDType | undefined {
  if (view instanceof Uint8ClampedArray) return 'uint8';
  // JavaScript's arrays of 16 and 8 bits hold integers.
  const found = Object.entries(DTYPES).find(
    ([name, { array }]) => array && !['float16', 'bool'].includes(name) && view instanceof array,
  );
  return found?.[0] as NdarrayDType | undefined;
}

/** Smallest and largest integer of an integer dtype. */
export function integerRange({ kind, bits }: DTypeInfo): readonly [bigint, bigint] {
  return kind === 'uint'
    ? [0n, 2n ** BigInt(bits) - 1n]
    : [-(2n ** BigInt(bits - 1)), 2n ** BigInt(bits - 1) - 1n];
}

/** numpy's `same_kind` casting: never to a kind before that of the elements. */
export function sameKind(from: NdarrayDType, to: NdarrayDType): boolean {
  const order = ['bool', 'uint', 'int', 'float'];
  const source = order.indexOf(DTYPES[from].kind);
  const target = order.indexOf(DTYPES[to].kind);
  return source >= 0 && target >= source;
}
