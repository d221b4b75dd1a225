/**
 * Element types of arrays. Integers of 64 bits are stored as doubles, which are exact up to 2^53.
 */
const ARRAYS = {
  bool: Uint8Array,
  uint8: Uint8Array,
  uint16: Uint16Array,
  uint32: Uint32Array,
  uint64: Float64Array,
  int8: Int8Array,
  int16: Int16Array,
  int32: Int32Array,
  int64: Float64Array,
  float32: Float32Array,
  float64: Float64Array,
} as const;

export type NpDType = keyof typeof ARRAYS;
export type NpData =
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | Int8Array
  | Int16Array
  | Int32Array
  | Float32Array
  | Float64Array;

export const DTYPES = Object.keys(ARRAYS) as NpDType[];

export function isNpDType(name: string): name is NpDType {
  return Object.hasOwn(ARRAYS, name);
}

export function elements(dtype: NpDType, length: number): NpData {
  return new ARRAYS[dtype](length);
}

/** `b` bool, `u` and `i` integers, `f` floats. */
export function kindOf(dtype: NpDType): 'b' | 'u' | 'i' | 'f' {
  return dtype === 'bool' ? 'b' : (dtype[0] as 'u' | 'i' | 'f');
}

export function bitsOf(dtype: NpDType): number {
  return dtype === 'bool' ? 8 : Number(/\d+$/.exec(dtype)![0]);
}

export const isFloat = (dtype: NpDType): boolean => kindOf(dtype) === 'f';

/** `np.result_type` of two element types. */
export function promoted(a: NpDType, b: NpDType): NpDType {
  if (a === b || b === 'bool') return a;
  if (a === 'bool') return b;
  const [first, second] = [kindOf(a), kindOf(b)];
  const larger = bitsOf(a) >= bitsOf(b) ? a : b;
  if (first === second) return larger;
  if (first === 'f' || second === 'f') {
    const [float, integer] = first === 'f' ? [a, b] : [b, a];
    return bitsOf(integer) <= 16 ? float : 'float64';
  }
  const [signed, unsigned] = first === 'i' ? [a, b] : [b, a];
  if (bitsOf(signed) > bitsOf(unsigned)) return signed;
  const next = ['int16', 'int32', 'int64'] as const;
  return next.find((name) => bitsOf(name) > bitsOf(unsigned)) ?? 'float64';
}

/** The type of a Python number, which yields to the type of an array (numpy 2). */
export type Weak = 'bool' | 'int' | 'float';

/** The result type of an array and a Python number. */
export function promotedWeak(dtype: NpDType, weak: Weak): NpDType {
  if (weak === 'bool') return dtype;
  if (weak === 'int') return dtype === 'bool' ? 'int64' : dtype;
  return isFloat(dtype) ? dtype : 'float64';
}

export const DEFAULT_TYPES: Readonly<Record<Weak, NpDType>> = {
  bool: 'bool',
  int: 'int64',
  float: 'float64',
};

/** Minimum and maximum of an integer type, as far as doubles represent them. */
export function boundsOf(dtype: NpDType): readonly [number, number] {
  const bits = Math.min(bitsOf(dtype), 53);
  if (kindOf(dtype) === 'u') return [0, 2 ** bits - 1];
  return bits === 53 ? [-(2 ** 53), 2 ** 53] : [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1];
}
