import type { Context } from '../context.js';

/** Supported encodings, by Python's normalized names. */
type Codec = 'utf-8' | 'ascii' | 'latin-1';

const CODECS: ReadonlyMap<string, Codec> = new Map([
  ['utf8', 'utf-8'],
  ['u8', 'utf-8'],
  ['ascii', 'ascii'],
  ['usascii', 'ascii'],
  ['646', 'ascii'],
  ['latin1', 'latin-1'],
  ['latin', 'latin-1'],
  ['l1', 'latin-1'],
  ['iso88591', 'latin-1'],
]);

function codecOf(ctx: Context, encoding: string): Codec {
  const codec = CODECS.get(encoding.toLowerCase().replace(/[-_ ]/g, ''));
  if (!codec) throw ctx.unsupported(`the encoding "${encoding}" is not supported`);
  return codec;
}

/** `text.encode(encoding, errors)`. */
export function encode(ctx: Context, text: string, encoding: string, errors: string): Uint8Array {
  const codec = codecOf(ctx, encoding);
  ctx.budget.step(text.length + 1);
  const limit = codec === 'ascii' ? 0x80 : 0x100;
  let writable = '';
  let position = 0;
  for (const char of text) {
    const code = char.codePointAt(0) as number;
    const bad = codec === 'utf-8' ? code >= 0xd800 && code < 0xe000 : code >= limit;
    writable += bad ? replaced(ctx, char, codec, errors, position, limit) : char;
    position++;
  }
  ctx.budget.charge(writable.length);
  if (codec === 'utf-8') return new TextEncoder().encode(writable);
  return Uint8Array.from(writable, (char) => char.charCodeAt(0));
}

function replaced(
  ctx: Context,
  char: string,
  codec: Codec,
  errors: string,
  position: number,
  limit: number,
): string {
  const code = char.codePointAt(0) as number;
  const hex = code.toString(16);
  const escape =
    code < 0x100
      ? `\\x${hex.padStart(2, '0')}`
      : code < 0x10000
        ? `\\u${hex.padStart(4, '0')}`
        : `\\U${hex.padStart(8, '0')}`;
  switch (errors) {
    case 'ignore':
      return '';
    case 'replace':
      return '?';
    case 'xmlcharrefreplace':
      return `&#${code};`;
    case 'backslashreplace':
      return escape;
    case 'strict':
      throw ctx.raise(
        'UnicodeEncodeError',
        `'${codec}' codec can't encode character '${escape}' in position ${position}: ` +
          (codec === 'utf-8' ? 'surrogates not allowed' : `ordinal not in range(${limit})`),
      );
    default:
      throw ctx.unsupported(`the error handler "${errors}" is not supported`);
  }
}

/** `bytes.decode(encoding, errors)`. */
export function decode(ctx: Context, bytes: Uint8Array, encoding: string, errors: string): string {
  const codec = codecOf(ctx, encoding);
  if (!['strict', 'ignore', 'replace'].includes(errors)) {
    throw ctx.unsupported(`the error handler "${errors}" is not supported`);
  }
  ctx.budget.step(bytes.length + 1);
  ctx.budget.charge(bytes.length);
  if (codec === 'utf-8') return decodeUtf8(ctx, bytes, errors);
  let text = '';
  bytes.forEach((byte, at) => {
    if (codec === 'latin-1' || byte < 0x80) text += String.fromCharCode(byte);
    else if (errors === 'strict') throw undecodable(ctx, codec, byte, at);
    else if (errors === 'replace') text += '\ufffd';
  });
  return text;
}

function undecodable(ctx: Context, codec: Codec, byte: number, at: number): Error {
  return ctx.raise(
    'UnicodeDecodeError',
    `'${codec}' codec can't decode byte 0x${byte.toString(16).padStart(2, '0')} in position ${at}`,
  );
}

function decodeUtf8(ctx: Context, bytes: Uint8Array, errors: string): string {
  // In Python a byte order mark is a character.
  const options = { ignoreBOM: true };
  try {
    return new TextDecoder('utf-8', { ...options, fatal: true }).decode(bytes);
  } catch {
    if (errors === 'strict') {
      const at = firstBad(bytes);
      throw undecodable(ctx, 'utf-8', bytes[at] ?? 0, at);
    }
  }
  const text = new TextDecoder('utf-8', options).decode(bytes);
  if (errors === 'replace') return text;
  // Genuine replacement characters in the bytes stay.
  let result = '';
  let at = 0;
  for (const char of text) {
    const own = new TextEncoder().encode(char);
    if (char !== '\ufffd' || own.every((byte, index) => bytes[at + index] === byte)) {
      result += char;
      at += own.length;
    } else at = nextGood(bytes, at);
  }
  return result;
}

/** The offset after the bad bytes at `at` that become one replacement character. */
function nextGood(bytes: Uint8Array, at: number): number {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  for (let length = 3; length > 1; length--) {
    const part = bytes.subarray(at, at + length);
    if (part.length === length && decoder.decode(part) === '\ufffd') return at + length;
  }
  return at + 1;
}

function firstBad(bytes: Uint8Array): number {
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
  let at = 0;
  for (const char of text) {
    const own = new TextEncoder().encode(char);
    if (!own.every((byte, index) => bytes[at + index] === byte)) return at;
    at += own.length;
  }
  return at;
}
