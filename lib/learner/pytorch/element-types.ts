import type { ModelInputDType } from './model-input.js';

/** Elements of a tensor that is fed. */
export type Elements =
  | Float32Array
  | Float64Array
  | BigInt64Array
  | BigUint64Array
  | Int32Array
  | Int16Array
  | Int8Array
  | Uint32Array
  | Uint16Array
  | Uint8Array
  | string[];

/** How a dtype is kept, and what it can hold. */
export interface ElementType {
  readonly kind: 'float' | 'int' | 'bool' | 'string';
  allocate(length: number): Elements;
  readonly least?: number;
  readonly most?: number;
}

function ints(least: number, most: number, allocate: (n: number) => Elements): ElementType {
  return { kind: 'int', allocate, least, most };
}

export const ELEMENT_TYPES: Readonly<Record<ModelInputDType, ElementType>> = {
  float32: { kind: 'float', allocate: (n) => new Float32Array(n) },
  float64: { kind: 'float', allocate: (n) => new Float64Array(n) },
  // Its bits.
  float16: { kind: 'float', allocate: (n) => new Uint16Array(n) },
  int64: ints(-(2 ** 63), 2 ** 63, (n) => new BigInt64Array(n)),
  uint64: ints(0, 2 ** 64, (n) => new BigUint64Array(n)),
  int32: ints(-(2 ** 31), 2 ** 31 - 1, (n) => new Int32Array(n)),
  uint32: ints(0, 2 ** 32 - 1, (n) => new Uint32Array(n)),
  int16: ints(-(2 ** 15), 2 ** 15 - 1, (n) => new Int16Array(n)),
  uint16: ints(0, 2 ** 16 - 1, (n) => new Uint16Array(n)),
  int8: ints(-128, 127, (n) => new Int8Array(n)),
  uint8: ints(0, 255, (n) => new Uint8Array(n)),
  bool: { kind: 'bool', allocate: (n) => new Uint8Array(n) },
  string: { kind: 'string', allocate: (n) => Array.from<string>({ length: n }).fill('') },
};

/** The dtype that a typed array stands for, or undefined for other values. */
export function dtypeOfArray(value: unknown): ModelInputDType | undefined {
  if (value instanceof Float32Array) return 'float32';
  if (value instanceof Float64Array) return 'float64';
  if (value instanceof BigInt64Array) return 'int64';
  if (value instanceof BigUint64Array) return 'uint64';
  if (value instanceof Int32Array) return 'int32';
  if (value instanceof Uint32Array) return 'uint32';
  if (value instanceof Int16Array) return 'int16';
  if (value instanceof Uint16Array) return 'uint16';
  if (value instanceof Int8Array) return 'int8';
  if (value instanceof Uint8Array || value instanceof Uint8ClampedArray) return 'uint8';
  return undefined;
}
