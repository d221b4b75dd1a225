import { shortened } from '../learner/errors/index.js';
import { refused } from './check-request.js';
import { DATATYPES, isDatatype, type Datatype, type TensorData } from './protocol/datatypes.js';
import type { InferTensor } from './protocol/messages.js';

/** A tensor in the form of onnxruntime, which runners of this package return. @publicApi */
export interface OrtTensor {
  /** `float32`, `int64`, `bool`, `string`, ... */
  readonly type: string;
  readonly dims: readonly number[];
  readonly data: unknown;
}

/**
 * A value of an input, and the tensor that it becomes:
 *
 * - a tensor of the protocol without its name, or of onnxruntime: unchanged;
 * - a typed array: a tensor of its own datatype (Float32Array: FP32, BigInt64Array: INT64,
 *   Uint8Array: UINT8, ...), of shape [length];
 * - a string: BYTES of shape [1]; a list of strings and Uint8Arrays: BYTES of shape [length];
 * - a number: FP32 of shape [1]; a bigint: INT64; a boolean: BOOL; and lists of these, of shape
 *   [length].
 *
 * @publicApi
 */
export type InferValue =
  | Omit<InferTensor, 'name'>
  | OrtTensor
  | TensorData
  | Uint8ClampedArray
  | string
  | number
  | bigint
  | boolean
  | readonly number[]
  | readonly bigint[]
  | readonly boolean[];

const ORT_TYPES = new Map<string, Datatype>([
  ['float16', 'FP16'],
  ['float32', 'FP32'],
  ['float64', 'FP64'],
  ['bool', 'BOOL'],
  ['string', 'BYTES'],
  ...[8, 16, 32, 64].flatMap((bits): [string, Datatype][] => [
    [`int${bits}`, `INT${bits}` as Datatype],
    [`uint${bits}`, `UINT${bits}` as Datatype],
  ]),
]);

/** @throws InferenceError INVALID_ARGUMENT for a value that cannot become a tensor */
export function tensorOf(name: string, value: InferValue): InferTensor {
  if (typeof value === 'object' && value !== null && !ArrayBuffer.isView(value)) {
    if ('datatype' in value) return { ...value, name };
    if ('dims' in value) return ofOrt(name, value);
  }
  if (ArrayBuffer.isView(value)) return ofTypedArray(name, value);
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  return { name, shape: [list.length], ...ofList(name, list) };
}

function ofOrt(name: string, { type, dims, data }: OrtTensor): InferTensor {
  const datatype = ORT_TYPES.get(type);
  if (datatype === undefined) {
    throw refused(
      `The input "${shortened(name)}" is a tensor of ${shortened(String(type), 40)}, which the protocol does not support; give another type.`,
    );
  }
  return {
    name,
    datatype,
    shape: dims,
    data: (datatype === 'FP16' ? bitsOf(data) : data) as TensorData,
  };
}

function ofTypedArray(name: string, array: ArrayBufferView): InferTensor {
  if (isHalf(array)) {
    const data = bitsOf(array);
    return { name, datatype: 'FP16', shape: [data.length], data };
  }
  if (array instanceof Uint8ClampedArray) {
    const data = new Uint8Array(array.buffer, array.byteOffset, array.length);
    return { name, datatype: 'UINT8', shape: [data.length], data };
  }
  for (const [datatype, info] of Object.entries(DATATYPES)) {
    // A Uint8Array becomes UINT8, not BOOL.
    if (info.kind === 'bool' || datatype === 'FP16') continue;
    if (info.array !== undefined && array instanceof info.array && isDatatype(datatype)) {
      return { name, datatype, shape: [array.length], data: array };
    }
  }
  throw refused(`The input "${shortened(name)}" is a DataView; give a typed array.`);
}

/** 16-bit floats of newer platforms. */
function isHalf(value: unknown): boolean {
  return Object.prototype.toString.call(value) === '[object Float16Array]';
}

function bitsOf(data: unknown): Uint16Array {
  if (!isHalf(data)) return data as Uint16Array;
  const { buffer, byteOffset, byteLength } = data as ArrayBufferView<ArrayBuffer>;
  return new Uint16Array(buffer, byteOffset, byteLength / 2);
}

function ofList(name: string, list: readonly unknown[]): Pick<InferTensor, 'datatype' | 'data'> {
  const all = (is: (value: unknown) => boolean): boolean => list.every(is);
  if (list.length === 0) {
    throw refused(
      `The input "${shortened(name)}" is an empty list, which has no datatype; give a typed array, or { datatype, shape, data }.`,
    );
  }
  if (all((value) => typeof value === 'string' || value instanceof Uint8Array)) {
    return { datatype: 'BYTES', data: list as (string | Uint8Array)[] };
  }
  if (all((value) => typeof value === 'boolean')) {
    return { datatype: 'BOOL', data: Uint8Array.from(list as boolean[], Number) };
  }
  if (all((value) => typeof value === 'bigint')) {
    return { datatype: 'INT64', data: int64(name, list as bigint[]) };
  }
  if (all((value) => typeof value === 'number')) {
    return { datatype: 'FP32', data: Float32Array.from(list as number[]) };
  }
  throw refused(
    `The input "${shortened(name)}" has values of mixed types, or of a type that tensors cannot hold; give strings, numbers, bigints, booleans or { datatype, shape, data }.`,
  );
}

function int64(name: string, list: readonly bigint[]): BigInt64Array {
  const data = BigInt64Array.from(list);
  const at = data.findIndex((value, index) => value !== list[index]);
  if (at < 0) return data;
  throw refused(
    `Element ${at} of the input "${shortened(name)}" is out of the range of INT64; give a smaller number.`,
  );
}
