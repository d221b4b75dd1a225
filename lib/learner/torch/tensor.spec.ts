import { describe, expect, it } from 'vitest';
import { CorruptTensorError, TooManyElementsError } from './errors.js';
import { widenBfloat16, widenFloat16, widenFloat8E4m3fn } from './half.js';
import { MemoryStorage } from './storage.js';
import { Tensor, type DType } from './tensor.js';

function floats(count: number): MemoryStorage {
  const values = Float32Array.from({ length: count }, (_, i) => i);
  return new MemoryStorage(new Uint8Array(values.buffer));
}

describe('Tensor', () => {
  it('gives contiguous float32 as a view of the storage', () => {
    const storage = floats(8);
    const tensor = new Tensor(storage, 'float32', [2, 2], [2, 1], 3);
    expect([...tensor.toFloat32()]).toEqual([3, 4, 5, 6]);
    expect(tensor.toFloat32().buffer).toBe(storage.bytes().buffer);
    expect(tensor.isContiguous).toBe(true);
  });

  it('copies a storage that starts at an odd address', () => {
    const bytes = new Uint8Array(17);
    bytes.set(new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer), 1);
    for (const view of [bytes.subarray(1), Buffer.from(bytes.buffer, 1)]) {
      const tensor = new Tensor(new MemoryStorage(view), 'float32', [3], [1], 1);
      expect([...tensor.toFloat32()]).toEqual([2, 3, 4]);
    }
  });

  it('lays out strided, expanded and empty views row by row', () => {
    const read = (shape: number[], strides: number[], offset = 0): number[] =>
      new Tensor(floats(24), 'float32', shape, strides, offset).toNumbers();
    expect(read([3, 2], [1, 3])).toEqual([0, 3, 1, 4, 2, 5]);
    expect(read([2, 3], [0, 1], 2)).toEqual([2, 3, 4, 2, 3, 4]);
    expect(read([2, 2, 2], [12, 4, 2], 1)).toEqual([1, 3, 5, 7, 13, 15, 17, 19]);
    expect(read([0, 3], [3, 1], 24)).toEqual([]);
    expect(read([], [], 23)).toEqual([23]);
    expect(read([1, 2], [999, 1])).toEqual([0, 1]);
  });

  it('makes tensors from arrays', () => {
    const tensor = Tensor.fromArray(new BigInt64Array([1n, -2n]), [2]);
    expect([tensor.dtype, tensor.toNumbers(), [...tensor.toFloat32()]]).toEqual([
      'int64',
      [1, -2],
      [1, -2],
    ]);
    const half = Tensor.fromArray(new Uint16Array([0x3c00]), [], 'float16');
    expect(half.item()).toBe(1);
  });

  it.each<[string, number[], number[], number]>([
    ['reaches past the storage', [25], [1], 0],
    ['starts past the storage', [1], [1], 24],
    ['strides past the storage', [2, 2], [23, 1], 1],
    ['has a negative stride', [2], [-1], 5],
    ['has a negative offset', [2], [1], -1],
    ['has a negative size', [-2], [1], 0],
    ['has fractions', [1.5], [1], 0],
    ['has no stride for a dimension', [2, 2], [1], 0],
    ['overflows', [2 ** 52, 2 ** 52], [1, 1], 0],
  ])('refuses a view that %s', (_, shape, strides, offset) => {
    expect(() => new Tensor(floats(24), 'float32', shape, strides, offset)).toThrow(
      CorruptTensorError,
    );
  });

  it('does not expand a view with too many repetitions', () => {
    const tensor = new Tensor(floats(1), 'float32', [2 ** 20, 2 ** 20], [0, 0], 0);
    expect(() => tensor.toFloat32()).toThrow(TooManyElementsError);
  });

  it.each<[DType, number]>([
    ['float32', 4],
    ['bool', 1],
    ['complex128', 16],
    ['bfloat16', 2],
  ])('counts %s elements of %i bytes', (dtype, size) => {
    const storage = new MemoryStorage(new Uint8Array(size * 3));
    expect(new Tensor(storage, dtype, [3], [1], 0).numel).toBe(3);
    expect(() => new Tensor(storage, dtype, [4], [1], 0)).toThrow(CorruptTensorError);
  });
});

describe('narrow floats', () => {
  it('widens float16 as defined', () => {
    const bits = Uint16Array.from({ length: 65536 }, (_, i) => i);
    const values = widenFloat16(bits);
    for (let i = 0; i < 65536; i += 1) {
      const exponent = (i >> 10) & 31;
      const mantissa = i & 1023;
      const sign = i >> 15 ? -1 : 1;
      let wanted =
        sign * (exponent === 0 ? mantissa * 2 ** -24 : (1024 + mantissa) * 2 ** (exponent - 25));
      if (exponent === 31) wanted = mantissa ? NaN : sign * Infinity;
      if (!Object.is(values[i], wanted)) expect([i, values[i]]).toEqual([i, wanted]);
    }
    expect(values[0x7bff]).toBe(65504);
  });

  it('widens bfloat16 and float8', () => {
    expect([...widenBfloat16(Uint16Array.of(0x3f80, 0xc000, 0x7f80, 0x8000))]).toEqual([
      1,
      -2,
      Infinity,
      -0,
    ]);
    expect([...widenFloat8E4m3fn(Uint8Array.of(0x38, 0x7e, 0x7f, 0x01))]).toEqual([
      1,
      448,
      NaN,
      2 ** -9,
    ]);
  });
});
