import { Tensor } from 'onnxruntime-common';
import { describe, expect, it } from 'vitest';
import { decode, encode } from './transfer.js';

/** As a message between threads makes it. */
function sent(value: unknown): unknown {
  const buffers = new Set<ArrayBuffer>();
  const encoded = encode(value, buffers);
  return decode(structuredClone(encoded, { transfer: [...buffers] }));
}

const probs = (): Tensor => new Tensor('float32', Float32Array.of(0.25, 0.75), [2]);

describe('values between threads', () => {
  it('keep tensors, wherever they are', () => {
    const value = { list: ['pos', probs()], map: new Map<string, unknown>([['a', [probs()]]]) };
    const got = sent(value) as typeof value;
    const tensors = [got.list[1], (got.map.get('a') as unknown[])[0]];
    for (const tensor of tensors) {
      expect(tensor).toBeInstanceOf(Tensor);
      expect(tensor).toMatchObject({ type: 'float32', dims: [2] });
      expect([...((tensor as Tensor).data as Float32Array)]).toEqual([0.25, 0.75]);
    }
    expect(got.list[0]).toBe('pos');
  });

  it('may be a tensor, a string, null or nothing', () => {
    expect(sent(probs())).toBeInstanceOf(Tensor);
    expect(sent('text')).toBe('text');
    expect(sent(null)).toBeNull();
    expect(sent(undefined)).toBeUndefined();
  });

  it('keep tensors of strings, flags and 64-bit integers', () => {
    const tensors = [
      new Tensor('string', ['a', 'b'], [2]),
      new Tensor('bool', Uint8Array.of(1, 0), [2]),
      new Tensor('int64', BigInt64Array.of(1n, -2n), [2]),
    ];
    const got = sent(tensors) as Tensor[];
    expect(got.map(({ type }) => type)).toEqual(['string', 'bool', 'int64']);
    expect(got.map(({ data }) => [...(data as string[])])).toEqual([
      ['a', 'b'],
      [1, 0],
      [1n, -2n],
    ]);
  });

  it('do not transfer the rest of a larger buffer', () => {
    const weights = Float32Array.of(1, 2, 3, 4);
    const row = new Tensor('float32', weights.subarray(1, 3), [2]);
    const got = sent(row) as Tensor;
    expect([...(got.data as Float32Array)]).toEqual([2, 3]);
    expect([...weights]).toEqual([1, 2, 3, 4]);
  });

  it('may contain one buffer twice', () => {
    const data = Float32Array.of(1, 2);
    const got = sent([new Tensor('float32', data, [2]), new Tensor('float32', data, [1, 2])]);
    expect((got as Tensor[]).map(({ data: values }) => values.length)).toEqual([2, 2]);
  });

  it('may contain buffers of Node’s pool', () => {
    const bytes = Buffer.from('image');
    expect(Buffer.from(sent(bytes) as Uint8Array).toString()).toBe('image');
    expect(bytes.toString()).toBe('image');
  });

  it('touch no prototype', () => {
    const row = JSON.parse('{"__proto__": {"polluted": 1}, "constructor": 2}') as object;
    Object.defineProperty(row, 'tensor', { value: probs(), enumerable: true });
    const got = sent(row) as Record<string, unknown>;
    expect(Object.getPrototypeOf(got)).toBe(Object.prototype);
    expect(Object.keys(got)).toEqual(['__proto__', 'constructor', 'tensor']);
    expect(got['polluted']).toBeUndefined();
    expect(got['tensor']).toBeInstanceOf(Tensor);
  });
});
