import { product } from './nested.js';
import { toJson, type Elements } from './write.js';

/** The elements of a piece, which takes about a millisecond to write. */
const BLOCK = 2048;

/**
 * Writes the same as `toJson` in pieces, from a copy, because the data must not change meanwhile.
 */
export function* ndarrayPieces(elements: Elements): Generator<string, void, undefined> {
  const { values } = elements;
  if (values.length <= BLOCK) return yield toJson(elements);
  yield* pieces({ ...elements, values: cut(values, 0, values.length).slice() });
}

function* pieces(elements: Elements): Generator<string, void, undefined> {
  const { dtype, dims, values } = elements;
  const [rows = 1, ...inner] = dims;
  const width = product(inner);
  if (rows * width <= BLOCK) return yield toJson(elements);
  const part = (row: number, count: number): Elements => ({
    dtype,
    dims: [count, ...inner],
    values: cut(values, row * width, (row + count) * width),
  });
  if (width > BLOCK) {
    for (let row = 0; row < rows; row++) {
      yield row === 0 ? '[' : ',';
      yield* pieces({ ...part(row, 1), dims: inner });
    }
  } else {
    const count = Math.max(1, Math.floor(BLOCK / Math.max(1, width)));
    for (let row = 0; row < rows; row += count) {
      const text = toJson(part(row, Math.min(count, rows - row)));
      yield `${row === 0 ? '[' : ','}${text.slice(1, -1)}`;
    }
  }
  yield ']';
}

type Values = Float32Array | unknown[];

function cut(values: ArrayLike<unknown>, start: number, end: number): Values {
  return ArrayBuffer.isView(values)
    ? (values as unknown as Float32Array).subarray(start, end)
    : (Array.prototype.slice.call(values, start, end) as unknown[]);
}
