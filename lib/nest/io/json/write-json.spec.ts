import fc from 'fast-check';
import { Tensor } from 'onnxruntime-common';
import { table } from 'arquero';
import { describe, expect, it } from 'vitest';
import { writeJson } from './write-json.js';

describe('writeJson', () => {
  it('writes what JSON.stringify writes', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(writeJson(value)).toBe(JSON.stringify(value));
      }),
    );
  });

  it.each([
    [NaN, 'null'],
    [[1, -Infinity], '[1,null]'],
    [Float32Array.of(0.5, NaN), '[0.5,null]'],
    [BigInt64Array.of(2n ** 62n), '[4611686018427387904]'],
    [{ a: 2n ** 64n }, '{"a":18446744073709551616}'],
    [5n, '5'],
    [Buffer.from([1, 2]), '[1,2]'],
    [new Tensor('float32', Float32Array.of(1, 2, 3, 4), [2, 2]), '[[1,2],[3,4]]'],
    [{ t: new Tensor('bool', Uint8Array.of(1), [1]) }, '{"t":[true]}'],
    [new Map<string, unknown>([['a', new Set([1])]]), '{"a":[1]}'],
    [new Date(0), '"1970-01-01T00:00:00.000Z"'],
    [{ dims: [1], type: 'chart', data: [2] }, '{"dims":[1],"type":"chart","data":[2]}'],
  ])('writes %o', (value, json) => {
    expect(writeJson(value)).toBe(json);
  });

  it('writes a data frame as its rows', () => {
    expect(writeJson(table({ a: [1, 2], b: ['x', null] }))).toBe(
      '[{"a":1,"b":"x"},{"a":2,"b":null}]',
    );
  });

  it('returns undefined for undefined, and throws for circular values', () => {
    expect(writeJson(undefined)).toBeUndefined();
    const circle: Record<string, unknown> = {};
    circle['self'] = circle;
    expect(() => writeJson(circle)).toThrow(TypeError);
  });
});
