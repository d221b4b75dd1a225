import { describe, expect, it } from 'vitest';
import { NdArray, NumpyDtype } from '../../../torch/index.js';
import { ArrayValue } from './array-value.js';
import { fileArray } from './file-array.js';

const bytesOf = (data: BigInt64Array | Float64Array | Float32Array): Uint8Array =>
  new Uint8Array(data.buffer);

describe('an array of the file', () => {
  it('becomes an array of numpy, row by row', () => {
    const columns = new NdArray().assign(
      new NumpyDtype('f', 8),
      [2, 3],
      bytesOf(Float64Array.of(1, 4, 2, 5, 3, 6)),
      true,
    );
    const { array } = fileArray(columns) as ArrayValue;
    expect([array.dtype, array.shape, Array.from(array.flat())]).toEqual([
      'float64',
      [2, 3],
      [1, 2, 3, 4, 5, 6],
    ]);
    const flags = new NdArray().assign(new NumpyDtype('b', 1), [2], Uint8Array.of(0, 1));
    expect((fileArray(flags) as ArrayValue).array.dtype).toBe('bool');
  });

  it('is not one of integers that would be rounded, of texts or of half precision', () => {
    const whole = bytesOf(BigInt64Array.of(2n ** 53n + 1n));
    expect(fileArray(new NdArray().assign(new NumpyDtype('i', 8), [1], whole))).toBeUndefined();
    const texts = new NdArray().assign(new NumpyDtype('O', 8), [1], ['a']);
    expect(fileArray(texts)).toBeUndefined();
    const halves = new NdArray().assign(new NumpyDtype('f', 2), [1], Uint8Array.of(0, 60));
    expect(fileArray(halves)).toBeUndefined();
    expect(fileArray('a')).toBeUndefined();
  });
});
