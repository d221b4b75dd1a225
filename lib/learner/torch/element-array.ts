/** Typed arrays, by the element types that torch and numpy share. */
export const ELEMENT_ARRAYS = {
  float64: Float64Array,
  float32: Float32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
  int32: Int32Array,
  int16: Int16Array,
  int8: Int8Array,
  uint32: Uint32Array,
  uint16: Uint16Array,
  uint8: Uint8Array,
} as const;

export type ElementName = keyof typeof ELEMENT_ARRAYS;
export type ElementArray = (typeof ELEMENT_ARRAYS)[ElementName]['prototype'];
export type ElementConstructor = {
  readonly BYTES_PER_ELEMENT: number;
  new (length: number): ElementArray;
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): ElementArray;
};

const BY_NAME = Object.entries(ELEMENT_ARRAYS) as [ElementName, ElementConstructor][];

/** The element type of a typed array; undefined for other values. */
export function elementNameOf(value: unknown): ElementName | undefined {
  return BY_NAME.find(([, array]) => value instanceof array)?.[0];
}

/** The number of elements of a tensor or an array of that shape. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** Strides of a row-major layout without gaps. */
export function contiguousStrides(shape: readonly number[]): number[] {
  return shape.map((_, axis) => elementCount(shape.slice(axis + 1)));
}

/** Copies a strided view into `target`, row by row; strides and offset count elements. */
export function copyStrided<T extends { [index: number]: unknown }>(
  source: T,
  target: T,
  shape: readonly number[],
  strides: readonly number[],
  offset: number,
): T {
  const rank = shape.length;
  if (shape.includes(0)) return target;
  const innerSize = shape[rank - 1] ?? 1;
  const innerStride = strides[rank - 1] ?? 0;
  const counters = shape.slice(1).map(() => 0);
  let from = offset;
  let to = 0;
  for (;;) {
    for (let i = 0, at = from; i < innerSize; i++, at += innerStride) target[to++] = source[at];
    let axis = rank - 2;
    for (; axis >= 0; axis--) {
      from += strides[axis]!;
      if (++counters[axis]! < shape[axis]!) break;
      from -= strides[axis]! * shape[axis]!;
      counters[axis] = 0;
    }
    if (axis < 0) return target;
  }
}
