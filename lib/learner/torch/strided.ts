/** Arrays of the element types of tensors and numpy arrays. */
export type ElementArray =
  | Float64Array
  | Float32Array
  | BigInt64Array
  | BigUint64Array
  | Int32Array
  | Int16Array
  | Int8Array
  | Uint32Array
  | Uint16Array
  | Uint8Array;

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
