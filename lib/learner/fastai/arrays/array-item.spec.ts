import { readdirSync, readFileSync } from 'node:fs';
import { Tensor } from 'onnxruntime-common';
import { describe, expect, it } from 'vitest';
import { ArrayItemError } from '../errors.js';
import { readArray } from './array-item.js';

const npy = (descr: string, shape: string, data: Uint8Array, order = 'False'): Uint8Array => {
  const dict = `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': ${shape}, }\n`;
  const head = Uint8Array.from([0x93, ...Buffer.from('NUMPY'), 1, 0, dict.length, 0]);
  return Buffer.concat([head, Buffer.from(dict), data]);
};
const bytes = (...values: number[]): Uint8Array => new Uint8Array(Float32Array.from(values).buffer);

const numbers = (item: unknown): { data: number[]; dims: readonly number[] } => {
  const { data, dims } = readArray(item);
  return { data: Array.from(data, Number), dims };
};

describe('Arrays of items', () => {
  it.each<[string, unknown]>([
    [
      'nested lists',
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
    ],
    ['typed arrays in a list', [Float32Array.of(1, 2, 3), Float32Array.of(4, 5, 6)]],
    ['a tensor', new Tensor('float32', Float32Array.of(1, 2, 3, 4, 5, 6), [2, 3])],
    ['elements and dims', { data: [1, 2, 3, 4, 5, 6], dims: [2, 3] }],
    ['int64 elements', { data: BigInt64Array.of(1n, 2n, 3n, 4n, 5n, 6n), dims: [2, 3] }],
    ['.npy', npy('<f4', '(2, 3)', bytes(1, 2, 3, 4, 5, 6))],
    ['.npy, columns first', npy('<f4', '(2, 3)', bytes(1, 4, 2, 5, 3, 6), 'True')],
    ['.npy of uint8', npy('|u1', '(2, 3)', Uint8Array.of(1, 2, 3, 4, 5, 6))],
    ['an ArrayBuffer', new Uint8Array(npy('<f4', '(2, 3)', bytes(1, 2, 3, 4, 5, 6))).buffer],
    ['CSV', '1,2,3\n4,5,6\n'],
    ['CSV with a mark and CRLF', '\uFEFF1;2;3\r\n4;5;6'],
    ['CSV as bytes', Buffer.from('1\t2\t3\n4\t5\t6')],
    ['numbers with spaces', ' 1 2  3\n4.0 5e0 +6 '],
    ['JSON', '[[1, 2, 3], [4, 5, 6]]'],
    ['JSON with dims', '{"data": [1, 2, 3, 4, 5, 6], "dims": [2, 3]}'],
  ])('%s', (_name, item) => {
    expect(numbers(item)).toEqual({ data: [1, 2, 3, 4, 5, 6], dims: [2, 3] });
  });

  it('takes null, an empty cell and the word for a missing number', () => {
    const missing = [1, NaN, NaN];
    for (const item of [[1, null, null], '1,,nan', { data: [1, null, null], dims: [3] }]) {
      expect(numbers(item).data).toEqual(missing);
    }
    expect(numbers('inf,-Infinity').data).toEqual([Infinity, -Infinity]);
  });

  it("reads numpy's own files of numbers", () => {
    const folder = new URL('../../../../test/fixtures/npy/', import.meta.url);
    const names = readdirSync(folder).filter((name) => name.endsWith('.npy'));
    expect(names.length).toBeGreaterThan(0);
    for (const name of names) {
      const file = readFileSync(new URL(name, folder));
      try {
        expect(readArray(file).data.length).toBeGreaterThan(0);
      } catch (error) {
        expect(error).toBeInstanceOf(ArrayItemError);
      }
    }
  });

  it.each<[string, unknown, RegExp]>([
    ['rows of two lengths', [[1, 2], [3]], /rows of different lengths/],
    [
      'rows of two depths',
      [
        [1, 2],
        [3, [4]],
      ],
      /rows of different lengths or depths/,
    ],
    ['a text in a list', [1, 'two'], /contains the text "two"/],
    ['a long text', ['x'.repeat(1000)], /contains the text "x{40}"/],
    [
      'a list in itself',
      (() => {
        const list: unknown[] = [];
        list.push(list);
        return list;
      })(),
      /8 deep/,
    ],
    ['nothing', [], /is empty/],
    ['empty rows', [[], []], /is empty/],
    [
      'too few elements',
      { data: [1], dims: [2, 3] },
      /has 1 elements, but its dims \[2, 3\] need 6/,
    ],
    ['dims that are no sizes', { data: [1], dims: [-1, -1] }, /dims/],
    ['a huge size', { data: [1], dims: [2 ** 40, 2 ** 40] }, /dims/],
    ['null', null, /is null/],
    ['an object', { a: 1 }, /a value of type object/],
    ['a text without numbers', 'series.npy', /contains the text "series.npy" in line 1/],
    ['an empty text', ' \n', /empty text/],
    ['lines of two lengths', '1,2\n3', /has 1 numbers in line 2 but 2 in the lines before/],
    ['half a JSON', '[[1, 2', /not valid JSON/],
    ['an image', Uint8Array.of(0xff, 0xd8, 0xff, 0xe0), /neither an .npy file nor text/],
    ['.npy of objects', npy('|O', '(1,)', Uint8Array.of(0)), /elements are not numbers/],
    ['.npy of texts', npy('<U3', '(1,)', new Uint8Array(12)), /elements are not numbers/],
    ['.npy that is cut off', npy('<f4', '(9,)', bytes(1)), /needs 36 bytes but has 4/],
    ['.npy that ends in its header', npy('<f4', '(1,)', bytes(1)).subarray(0, 20), /ends within/],
    ['.npy of a huge shape', npy('<f4', '(99999999999, 99999999999)', bytes(1)), /needs/],
    ['.npy without a header', Uint8Array.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59), /version/],
    ['a tensor of texts', new Tensor('string', ['a'], [1]), /a tensor of string/],
    ['too many dimensions', { data: [1], dims: Array(9).fill(1) }, /more than 8 dimensions/],
  ])('refuses %s', (_name, item, message) => {
    expect(() => readArray(item)).toThrow(ArrayItemError);
    expect(() => readArray(item)).toThrow(message);
  });
});
