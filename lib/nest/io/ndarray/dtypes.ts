import type { IoSchema } from '../io-descriptor.js';

/**
 * Element types of arrays: those of onnxruntime's tensors, but the 4-bit ones.
 *
 * @publicApi
 */
export type NdarrayDType =
  | 'float16'
  | 'float32'
  | 'float64'
  | 'int8'
  | 'int16'
  | 'int32'
  | 'int64'
  | 'uint8'
  | 'uint16'
  | 'uint32'
  | 'uint64'
  | 'bool'
  | 'string';

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
  allocate(length: number): NdarrayData;
}

type ArrayClass = new (length: number) => NdarrayData;

function info(
  kind: DTypeInfo['kind'],
  bits: number,
  schema: IoSchema,
  array: ArrayClass,
): DTypeInfo & { array: ArrayClass } {
  return { kind, bits, schema, array, allocate: (length) => new array(length) };
}

const number: IoSchema = { type: 'number' };
const integer: IoSchema = { type: 'integer' };
const TYPED = new Map([
  ['float16', info('float', 16, number, Uint16Array)],
  ['float32', info('float', 32, { ...number, format: 'float' }, Float32Array)],
  ['float64', info('float', 64, { ...number, format: 'double' }, Float64Array)],
  ['int8', info('int', 8, integer, Int8Array)],
  ['int16', info('int', 16, integer, Int16Array)],
  ['int32', info('int', 32, { ...integer, format: 'int32' }, Int32Array)],
  ['int64', info('int', 64, { ...integer, format: 'int64' }, BigInt64Array)],
  ['uint8', info('uint', 8, integer, Uint8Array)],
  ['uint16', info('uint', 16, integer, Uint16Array)],
  ['uint32', info('uint', 32, integer, Uint32Array)],
  ['uint64', info('uint', 64, integer, BigUint64Array)],
  ['bool', info('bool', 1, { type: 'boolean' }, Uint8Array)],
]);

const texts: DTypeInfo = {
  kind: 'string',
  bits: 0,
  schema: { type: 'string' },
  allocate: (length) => Array.from<string>({ length }).fill(''),
};

export const DTYPES: ReadonlyMap<string, DTypeInfo> = new Map([...TYPED, ['string', texts]]);

export function dtypeInfo(dtype: NdarrayDType): DTypeInfo {
  return DTYPES.get(dtype) as DTypeInfo;
}

/** The dtype of a typed array, or undefined for other views. */
export function dtypeOf(view: ArrayBufferView): NdarrayDType | undefined {
  if (view instanceof Uint8ClampedArray) return 'uint8';
  // JavaScript's arrays of 16 and 8 bits hold integers.
  const found = [...TYPED].find(
    ([name, { array }]) => name !== 'float16' && name !== 'bool' && view instanceof array,
  );
  return found?.[0] as NdarrayDType | undefined;
}

/** Smallest and largest integer of an integer dtype. */
export function integerRange({ kind, bits }: DTypeInfo): readonly [bigint, bigint] {
  return kind === 'uint'
    ? [0n, 2n ** BigInt(bits) - 1n]
    : [-(2n ** BigInt(bits - 1)), 2n ** BigInt(bits - 1) - 1n];
}

/**
 * numpy's `same_kind` casting: never from floats to integers, from signed to unsigned, or to
 * booleans.
 */
export function sameKind(from: NdarrayDType, to: NdarrayDType): boolean {
  const order = ['bool', 'uint', 'int', 'float'];
  const source = order.indexOf(dtypeInfo(from).kind);
  const target = order.indexOf(dtypeInfo(to).kind);
  return source >= 0 && target >= source;
}
