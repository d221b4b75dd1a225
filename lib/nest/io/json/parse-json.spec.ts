import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseJsonText } from './parse-json.js';

describe('parseJsonText', () => {
  it('reads what JSON.parse reads', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), fc.boolean(), (value, wide) => {
        const text = JSON.stringify(value);
        const read = JSON.stringify(parseJsonText(text, { wide }), (_key, item: unknown) =>
          typeof item === 'bigint' ? Number(item) : item,
        );
        expect(read).toBe(JSON.stringify(JSON.parse(text)));
      }),
    );
  });

  it('drops a byte order mark', () => {
    expect(parseJsonText('\uFEFF[1]')).toEqual([1]);
  });

  it.each(['NaN', '[Infinity]', '[-Infinity]', '{"a":1e999}', '[-1e999]', `[1${'0'.repeat(400)}]`])(
    'refuses %s',
    (text) => {
      expect(() => parseJsonText(text)).toThrow(SyntaxError);
    },
  );

  it('accepts numbers that only look too large, and others on request', () => {
    expect(parseJsonText('["1e999", 1e-999, 1e300]')).toEqual(['1e999', 0, 1e300]);
    expect(parseJsonText('[1e999]', { finite: false })).toEqual([Infinity]);
  });

  it('limits nesting, without counting brackets in strings', () => {
    const deep = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);
    expect(() => parseJsonText(deep(513))).toThrow('nested more than 512 levels deep');
    expect(() => parseJsonText('{"a":'.repeat(600) + '1' + '}'.repeat(600))).toThrow('nested');
    expect(parseJsonText(deep(512))).toBeInstanceOf(Array);
    const text = JSON.stringify({ quoted: `${'['.repeat(600)}"\\`, many: deep(2) });
    expect(parseJsonText(text)).toEqual(JSON.parse(text));
  });

  it('keeps the digits of integers', () => {
    const text = '[9007199254740993, -9007199254740993, 1234567890123456, 0]';
    expect(parseJsonText(text, { wide: true })).toEqual([
      9007199254740993n,
      -9007199254740993n,
      1234567890123456,
      0,
    ]);
    expect(parseJsonText(text)).toEqual(JSON.parse(text));
  });

  it('does not treat other text as such an integer', () => {
    const text =
      '{"12345678901234567890":"12345678901234567890","a":1.2345678901234567890,"b":12345678901234567890e1,"c\\"12345678901234567890":"\\\\"}';
    expect(parseJsonText(text, { wide: true })).toEqual(JSON.parse(text));
  });

  it.each([
    '{12345678901234567890: 1}',
    '[012345678901234567890]',
    '[+12345678901234567890]',
    '[.12345678901234567890]',
    '[12345678901234567890.]',
    '[12345678901234567890abc]',
  ])('is as strict about such integers: %s', (text) => {
    expect(() => parseJsonText(text, { wide: true })).toThrow(SyntaxError);
  });
});
