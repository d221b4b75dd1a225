import { ELEMENT_ARRAYS, elementNameOf, type ElementArray } from '../torch/index.js';
import type { ModelInputDType } from './model-input.js';

/** Elements of a tensor on its way to the graph. */
export type Elements = ElementArray | string[];

/** How a dtype is stored, and what it can hold. */
interface ElementType {
  readonly kind: 'float' | 'int' | 'bool' | 'string';
  allocate(length: number): Elements;
  readonly least?: number;
  readonly most?: number;
}

type IntegerType = `${'int' | 'uint'}${8 | 16 | 32 | 64}`;

function ints(dtype: IntegerType, least: number, most: number): ElementType {
  return { kind: 'int', allocate: (n) => new ELEMENT_ARRAYS[dtype](n), least, most };
}

export const ELEMENT_TYPES: Readonly<Record<ModelInputDType, ElementType>> = {
  float32: { kind: 'float', allocate: (n) => new Float32Array(n) },
  float64: { kind: 'float', allocate: (n) => new Float64Array(n) },
  // Its bits.
  float16: { kind: 'float', allocate: (n) => new Uint16Array(n) },
  int64: ints('int64', -(2 ** 63), 2 ** 63),
  uint64: ints('uint64', 0, 2 ** 64),
  int32: ints('int32', -(2 ** 31), 2 ** 31 - 1),
  uint32: ints('uint32', 0, 2 ** 32 - 1),
  int16: ints('int16', -(2 ** 15), 2 ** 15 - 1),
  uint16: ints('uint16', 0, 2 ** 16 - 1),
  int8: ints('int8', -128, 127),
  uint8: ints('uint8', 0, 255),
  bool: { kind: 'bool', allocate: (n) => new Uint8Array(n) },
  string: { kind: 'string', allocate: (n) => Array.from<string>({ length: n }).fill('') },
};

/** The dtype of a typed array, or undefined for other values. */
export function dtypeOfArray(value: unknown): ModelInputDType | undefined {
  return value instanceof Uint8ClampedArray ? 'uint8' : elementNameOf(value);
}
