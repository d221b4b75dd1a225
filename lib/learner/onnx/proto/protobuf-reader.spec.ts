import { expect, it } from 'vitest';
import { fieldsOf, intsOf, textOf } from './protobuf-reader.js';
import { ProtobufWriter } from './protobuf-writer.js';

it('reads what the writer writes', () => {
  const bytes = new ProtobufWriter()
    .int(1, 300)
    .int(2, -2)
    .string(3, 'naïve')
    .float(4, 0.5)
    .packedInts(5, [0, 1, 2 ** 40, -7])
    .message(6, (nested) => nested.int(1, 9))
    .finish();
  const fields = [...fieldsOf(bytes)];
  expect(fields.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5, 6]);
  expect(fields.map(({ int }) => int)).toEqual([300, -2, NaN, NaN, NaN, NaN]);
  expect(fields.map(({ delimited }) => delimited)).toEqual([false, false, true, false, true, true]);
  expect(textOf(fields[2]!.body)).toBe('naïve');
  expect(Buffer.from(fields[3]!.body).readFloatLE()).toBe(0.5);
  expect(intsOf(fields[4]!)).toEqual([0, 1, 2 ** 40, -7]);
  expect(intsOf(fields[0]!)).toEqual([300]);
  expect([...fieldsOf(fields[5]!.body)]).toMatchObject([{ number: 1, int: 9 }]);
  expect(Buffer.concat(fields.map(({ whole }) => whole)).equals(bytes)).toBe(true);
});

it.each([
  ['a tag without its number', [0x08]],
  ['a number without an end', [0x08, ...Array.from({ length: 10 }, () => 0x80), 1]],
  ['a string that is cut off', [0x0a, 5, 65]],
  ['a fixed number that is cut off', [0x0d, 1, 2]],
  ['a group', [0x0b]],
])('refuses %s', (_, bytes) => {
  expect(() => [...fieldsOf(Uint8Array.from(bytes))]).toThrow(RangeError);
});
