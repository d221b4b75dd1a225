import { Fault } from '../errors.js';
import { DTYPES, type NdarrayData, type NdarrayDType } from './dtypes.js';
import { toHalf } from './float16.js';
import { reshaped, shapeText } from './nested.js';

/** How elements lie in bytes. */
export interface BinaryType {
  readonly dtype: NdarrayDType;
  readonly size: number;
  readonly little: boolean;
}

/** An array that arrived as bytes. */
export interface BinaryArray {
  readonly dtype: NdarrayDType;
  readonly dims: readonly number[];
  readonly data: NdarrayData;
}

/**
 * Bytes without a header, of a known dtype and shape. One size of the shape may be -1.
 *
 * @throws Fault
 */
export function readRaw(
  bytes: Uint8Array,
  dtype: NdarrayDType,
  shape: readonly number[],
): BinaryArray {
  const type = littleEndian(dtype);
  const count = bytes.length / type.size;
  const dims = Number.isInteger(count) ? reshaped([count], shape) : undefined;
  if (dims === undefined) {
    const fact = `${bytes.length} bytes do not make an array of ${dtype} of shape ${shapeText(shape)}`;
    throw new Fault(
      fact,
      'send all elements in little-endian, row-major order; -1 stands for any size',
    );
  }
  return { dtype, dims, data: dataOf(bytes, type) };
}

/** Whether bytes without a header can be of that dtype and shape. */
export function fitsRaw(dtype: NdarrayDType | undefined, shape?: readonly number[]): boolean {
  if (dtype === undefined || dtype === 'string' || shape === undefined) return false;
  return shape.filter((size) => size === -1).length <= 1;
}

type View = Exclude<NdarrayData, string[]>;
type ViewClass = new (buffer: ArrayBuffer, offset?: number, length?: number) => View;

export function littleEndian(dtype: NdarrayDType, little = true): BinaryType {
  const { bits } = DTYPES[dtype];
  return { dtype, little, size: Math.max(1, bits / 8) };
}

/**
 * Bytes as the data of a tensor. The data uses the bytes' own memory if they fill it, so that it
 * can be transferred to a worker. Otherwise it is a copy, because elements must be aligned and
 * others may use the rest.
 *
 * @throws Fault for bytes other than 0 and 1 in an array of bool.
 */
export function dataOf(bytes: Uint8Array, { dtype, size, little }: BinaryType): NdarrayData {
  const { buffer } = bytes;
  const whole = buffer instanceof ArrayBuffer && bytes.byteLength === buffer.byteLength;
  const own = whole ? buffer : Uint8Array.prototype.slice.call(bytes).buffer;
  if (!little && size > 1) swap(Buffer.from(own), size);
  const data = new (DTYPES[dtype].array as unknown as ViewClass)(own);
  if (dtype === 'bool') {
    const odd = (data as Uint8Array).findIndex((byte) => byte > 1);
    if (odd >= 0) throw new Fault(`element ${odd} is ${data[odd]}, which is not a bool`);
  }
  return data;
}

/** Elements as bytes, little endian. @throws Fault for texts. */
export function bytesOf(dtype: NdarrayDType, values: ArrayLike<unknown>): Uint8Array {
  const Class = DTYPES[dtype].array as unknown as (new (size: number) => View) | undefined;
  if (Class === undefined) throw new Fault(`an array of ${dtype} cannot be sent as bytes`);
  if (values instanceof Class && dtype !== 'bool') {
    return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  }
  const data = new Class(values.length);
  const wide = data instanceof BigInt64Array || data instanceof BigUint64Array;
  const half = dtype === 'float16';
  for (let at = 0; at < values.length; at++) {
    const value = values[at] as number | bigint | boolean;
    if (dtype === 'bool') data[at] = value ? 1 : 0;
    else data[at] = wide ? BigInt(value) : half ? toHalf(Number(value)) : Number(value);
  }
  return new Uint8Array(data.buffer as ArrayBuffer);
}

function swap(bytes: Buffer, size: number): void {
  if (size === 2) bytes.swap16();
  else if (size === 4) bytes.swap32();
  else bytes.swap64();
}
