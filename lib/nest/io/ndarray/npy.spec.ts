import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Fault } from '../errors.js';
import { fromHalf } from './float16.js';
import { readNpy, writeNpy } from './npy.js';

interface Case {
  readonly dtype: string;
  readonly dims: readonly number[];
  readonly values: readonly (number | string | boolean)[];
}

const folder = new URL('../../../../test/fixtures/npy/', import.meta.url);
const fileOf = (name: string): Uint8Array => readFileSync(new URL(`${name}.npy`, folder));
const cases = JSON.parse(readFileSync(new URL('cases.json', folder), 'utf8')) as Record<
  string,
  Case
>;

/** Elements as the cases have them. */
function plain(dtype: string, data: ArrayLike<unknown>): unknown[] {
  return Array.from(data, (value) => {
    if (dtype === 'bool') return value === 1;
    const number = dtype === 'float16' ? fromHalf(value as number) : (value as number);
    if (!dtype.startsWith('float')) return String(number);
    return Number.isFinite(number) ? number : String(number);
  });
}

function fileWith(header: string, data = new Uint8Array()): Uint8Array {
  const file = Buffer.alloc(10 + header.length + data.length);
  file.write('\x93NUMPY\x01\x00', 'latin1');
  file.writeUInt16LE(header.length, 8);
  file.write(header, 10, 'latin1');
  file.set(data, 10 + header.length);
  return file;
}

const headerOf = (shape: string, descr = "'<f4'"): string =>
  `{'descr': ${descr}, 'fortran_order': False, 'shape': ${shape}, }\n`;

describe('readNpy', () => {
  it.each(Object.entries(cases))('reads what numpy wrote: %s', (name, { dtype, dims, values }) => {
    const array = readNpy(fileOf(name));

    expect(array.dtype).toBe(dtype);
    expect(array.dims).toEqual(dims);
    expect(plain(dtype, array.data)).toEqual(values);
  });

  it.each(Object.entries(cases))('reads its own output: %s', (name, { dtype, values }) => {
    const { dims, ...array } = readNpy(fileOf(name));
    const elements = dtype === 'float16' ? Array.from(array.data as never, fromHalf) : array.data;
    const again = readNpy(writeNpy(array.dtype, dims, elements));

    expect(again.dims).toEqual(dims);
    expect(plain(dtype, again.data)).toEqual(values);
  });

  it.each(readdirSync(folder).filter((name) => name.startsWith('refused')))(
    'refuses %s',
    (name) => {
      const what = /refused_(\w+)/.exec(name)?.[1] as string;
      expect(() => readNpy(fileOf(name.replace('.npy', '')))).toThrow(what);
    },
  );

  it('uses the memory of the body, or an aligned copy', () => {
    const file = fileOf('little_f8');
    const shifted = new Uint8Array(file.length + 3).subarray(3);
    shifted.set(file);

    const { data } = readNpy(shifted) as { data: Float64Array };

    expect([...data]).toEqual([0, 1, 2, 3, 100, 127]);
    expect(data.byteLength).toBe(data.buffer.byteLength);
  });

  it.each([
    ['no file', Buffer.from('[1, 2]'), 'not an .npy file'],
    ['a later version', Buffer.from('\x93NUMPY\x04\x00\x00\x00\x00', 'latin1'), 'version 4'],
    ['a header that is cut off', fileWith(headerOf('(1,)')).subarray(0, 30), 'within its header'],
    ['a header of something else', fileWith('{}\n'), 'header cannot be read'],
    ['a shape of something else', fileWith(headerOf("('a',)")), 'header cannot be read'],
    ['a size that no double holds', fileWith(headerOf(`(${'9'.repeat(20)},)`)), 'cannot be read'],
    ['too many dimensions', fileWith(headerOf(`(${'1,'.repeat(65)})`)), 'more than 64 dimensions'],
    ['too few elements', fileWith(headerOf('(3,)'), new Uint8Array(8)), 'takes 12 bytes, and 8'],
    ['too many elements', fileWith(headerOf('(1,)'), new Uint8Array(8)), 'takes 4 bytes, and 8'],
    ['rows without end', fileWith(headerOf('(10000000000, 0)')), 'more than 1000000 rows'],
    ['a truth value of 7', fileWith(headerOf('(1,)', "'|b1'"), Uint8Array.of(7)), 'not a bool'],
  ])('refuses %s', (_what, file, fact) => {
    expect(() => readNpy(file)).toThrow(Fault);
    expect(() => readNpy(file)).toThrow(fact);
  });

  it('refuses a header that is too long before it is read', () => {
    const file = Buffer.alloc(100_000);
    file.write('\x93NUMPY\x02\x00', 'latin1');
    file.writeUInt32LE(70_000, 8);

    expect(() => readNpy(file)).toThrow('longer than 65536 bytes');
  });

  it('gives an array or an error, whatever is sent', () => {
    const whole = ['little_f4', 'columns', 'big_i8', 'version2', 'bool'].map(fileOf);
    const change = fc.record({ at: fc.nat(140), byte: fc.integer({ min: 0, max: 255 }) });
    fc.assert(
      fc.property(
        fc.constantFrom(...whole),
        fc.array(change, { maxLength: 6 }),
        fc.nat(200),
        (file, changes, length) => {
          const given = Uint8Array.from(file.subarray(0, length > 150 ? file.length : length));
          for (const { at, byte } of changes) if (at < given.length) given[at] = byte;
          try {
            const { dims, data } = readNpy(given);
            expect(data.length).toBe(dims.reduce((count, size) => count * size, 1));
          } catch (error) {
            expect(error).toBeInstanceOf(Fault);
          }
        },
      ),
      { numRuns: 2000 },
    );
  });
});
