import { Tensor } from 'onnxruntime-common';
import { describe, expect, it } from 'vitest';
import { BatchInputError, BatchResultError } from '../errors.js';
import { listCodec } from './list-codec.js';

describe('listCodec', () => {
  const codec = listCodec();

  it('joins arrays and takes the result apart; elements stay whole', () => {
    const items = [['a'], [['b', 'c'], 'd'], [undefined]];
    expect(items.map((item) => codec.rows(item))).toEqual([1, 2, 1]);
    const merged = codec.merge(items) as unknown[];
    expect(merged).toEqual(['a', ['b', 'c'], 'd', undefined]);
    expect(codec.split(merged, [1, 2, 1], items)).toEqual(items);
  });

  it('gives tensors with a row for each element', () => {
    const tensor = new Tensor('float32', Float32Array.of(1, 2, 3, 4), [2, 2]);
    const outputs = codec.split(tensor, [1, 1], [['a'], ['b']]) as Tensor[];
    expect(outputs.map(({ dims, data }) => [...dims, ...(data as Float32Array)])).toEqual([
      [1, 2, 1, 2],
      [1, 2, 3, 4],
    ]);
    expect((codec.join(outputs) as Tensor).data).toEqual(tensor.data);
  });

  it('divides and joins', () => {
    expect(codec.divide([1, 2, 3, 4, 5], 2)).toEqual([[1, 2], [3, 4], [5]]);
    expect(codec.join([[1, 2], [3]])).toEqual([1, 2, 3]);
  });

  it.each(['text', { a: 1 }, 3, null, new Float32Array(2)])('refuses %o', (item) => {
    expect(() => codec.rows(item as never)).toThrow(BatchInputError);
    expect(() => codec.rows(item as never)).toThrow('put it into an array');
  });

  it('refuses a result with a wrong number of rows', () => {
    expect(() => codec.split(['a'], [1, 1], [['a'], ['b']])).toThrow(BatchResultError);
  });
});
