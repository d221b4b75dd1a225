import { describe, expect, it } from 'vitest';
import { InvalidBodyError, InvalidOutputError, UnsupportedBodyError } from './errors.js';
import { parseContentType } from './request-body.js';
import { Text } from './text.js';

function parse(bytes: Uint8Array | undefined, contentType?: string, parsed?: unknown): string {
  return new Text().parse({ bytes, parsed, ...parseContentType(contentType) });
}

describe('Text', () => {
  it('reads UTF-8 if no charset is named', () => {
    expect(parse(Buffer.from('I liked it: naïve 映画 🎬'))).toBe('I liked it: naïve 映画 🎬');
    expect(parse(Buffer.from('ü'), 'text/plain; charset="UTF-8"')).toBe('ü');
  });

  it('takes an empty body', () => {
    expect(parse(new Uint8Array())).toBe('');
  });

  it('drops a byte order mark', () => {
    expect(parse(Buffer.from('\ufeffa'))).toBe('a');
  });

  it.each([
    ['iso-8859-1', [0xe4, 0x80, 0x9f], '\u00e4\u0080\u009f'],
    ['latin1', [0xff], '\u00ff'],
    ['us-ascii', [0x41], 'A'],
    ['utf-16', [0xff, 0xfe, 0x41, 0], 'A'],
    ['utf-16', [0xfe, 0xff, 0, 0x41], 'A'],
    ['utf-16', [0, 0x41], 'A'],
    ['UTF-16LE', [0x41, 0], 'A'],
    ['utf-16be', [0, 0x41], 'A'],
  ])('uses the charset %s', (charset, bytes, text) => {
    expect(parse(Uint8Array.from(bytes), `text/plain; charset=${charset}`)).toBe(text);
  });

  it.each([
    ['utf-8', [0xc3, 0x28]],
    ['utf-8', [0xed, 0xa0, 0x80]],
    ['us-ascii', [0x80]],
    ['utf-16le', [0x41]],
    ['utf-16le', [0x00, 0xd8]],
  ])('refuses bytes that are invalid in %s', (charset, bytes) => {
    const read = () => parse(Uint8Array.from(bytes), `text/plain; charset=${charset}`);
    expect(read).toThrow(InvalidBodyError);
    expect(read).toThrow(`not valid ${charset.toUpperCase()}`);
  });

  it('refuses other charsets', () => {
    expect(() => parse(Buffer.from('a'), 'text/plain; charset=koi8-r')).toThrow(
      UnsupportedBodyError,
    );
  });

  it('accepts the result of a body parser', () => {
    expect(parse(undefined, 'text/plain', 'parsed')).toBe('parsed');
    expect(() => parse(undefined, 'text/plain', { a: 1 })).toThrow(InvalidBodyError);
  });

  it('accepts text/plain, or no media type', () => {
    const text = new Text();
    expect(
      ['text/plain', undefined, 'text/html', 'application/json'].map((type) => text.accepts(type)),
    ).toEqual([true, true, false, false]);
  });

  it('writes only strings', () => {
    expect(new Text().serialize('né')).toEqual({
      contentType: 'text/plain; charset=utf-8',
      body: 'né',
    });
    expect(() => new Text().serialize(1 as never)).toThrow(InvalidOutputError);
    expect(() => new Text().serialize(undefined as never)).toThrow('it is undefined');
  });

  it('shows a sample as its example', () => {
    expect(Text.fromSample('a movie', { maxBytes: 5 })).toMatchObject({
      example: 'a movie',
      maxBytes: 5,
    });
    expect(new Text().example).toBeUndefined();
  });
});
