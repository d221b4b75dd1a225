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

type NumberArray =
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

export interface DTypeInfo {
  readonly kind: 'float' | 'int' | 'uint' | 'bool' | 'string';
  readonly bits: number;
  readonly schema: IoSchema;
  allocate(length: number): NdarrayData;
}

const number = (format?: string): IoSchema =>
  format === undefined ? { type: 'number' } : { type: 'number', format };
const integer = (format?: string): IoSchema =>
  format === undefined ? { type: 'integer' } : { type: 'integer', format };

export const DTYPES: ReadonlyMap<string, DTypeInfo> = new Map<NdarrayDType, DTypeInfo>([
  ['float16', info('float', 16, number(), (n) => new Uint16Array(n))],
  ['float32', info('float', 32, number('float'), (n) => new Float32Array(n))],
  ['float64', info('float', 64, number('double'), (n) => new Float64Array(n))],
  ['int8', info('int', 8, integer(), (n) => new Int8Array(n))],
  ['int16', info('int', 16, integer(), (n) => new Int16Array(n))],
  ['int32', info('int', 32, integer('int32'), (n) => new Int32Array(n))],
  ['int64', info('int', 64, integer('int64'), (n) => new BigInt64Array(n))],
  ['uint8', info('uint', 8, integer(), (n) => new Uint8Array(n))],
  ['uint16', info('uint', 16, integer(), (n) => new Uint16Array(n))],
  ['uint32', info('uint', 32, integer(), (n) => new Uint32Array(n))],
  ['uint64', info('uint', 64, integer(), (n) => new BigUint64Array(n))],
  ['bool', info('bool', 1, { type: 'boolean' }, (n) => new Uint8Array(n))],
  [
    'string',
    info('string', 0, { type: 'string' }, (n) => Array.from<string>({ length: n }).fill('')),
  ],
]);

function info(
  kind: DTypeInfo['kind'],
  bits: number,
  schema: IoSchema,
  allocate: (length: number) => NdarrayData,
): DTypeInfo {
  return { kind, bits, schema, allocate };
}

export function dtypeInfo(dtype: NdarrayDType): DTypeInfo {
  return DTYPES.get(dtype) as DTypeInfo;
}

/** The dtype of a typed array, or undefined for other views. */
export function dtypeOf(view: ArrayBufferView): NdarrayDType | undefined {
  if (view instanceof Float32Array) return 'float32';
  if (view instanceof Float64Array) return 'float64';
  if (view instanceof Uint8Array || view instanceof Uint8ClampedArray) return 'uint8';
  if (view instanceof Int8Array) return 'int8';
  if (view instanceof Int16Array) return 'int16';
  if (view instanceof Int32Array) return 'int32';
  if (view instanceof Uint16Array) return 'uint16';
  if (view instanceof Uint32Array) return 'uint32';
  if (view instanceof BigInt64Array) return 'int64';
  if (view instanceof BigUint64Array) return 'uint64';
  return undefined;
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
