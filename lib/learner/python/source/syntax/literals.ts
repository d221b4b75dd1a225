import type { Value } from '../../values.js';
import { LETTER_ESCAPES } from '../../str.js';
import { PythonSyntaxError } from './error.js';

/** A literal whose value is not supported. */
export class NoValue {
  constructor(readonly name: string) {}
}

/** The limit of CPython: more digits of a decimal literal take too long to convert. */
const MAX_DIGITS = 4300;
const MAX_OTHER_DIGITS = 20_000;

export function numberOf(text: string, line: number): Value | NoValue {
  const digits = text.replaceAll('_', '').toLowerCase();
  if (digits.endsWith('j')) return new NoValue(`the complex number ${text}`);
  if (/^0[xob]/.test(digits)) {
    if (digits.length > MAX_OTHER_DIGITS) throw new PythonSyntaxError(line, 'integer too long');
    return BigInt(digits);
  }
  if (/[.e]/.test(digits)) return Number(digits);
  if (digits.length > MAX_DIGITS) {
    throw new PythonSyntaxError(line, `integer of more than ${MAX_DIGITS} digits`);
  }
  if (/^0+[1-9]/.test(digits)) {
    throw new PythonSyntaxError(line, 'leading zeros in decimal integer literals');
  }
  return BigInt(digits);
}

/** The value of a string token, with its prefix, quotes and content. */
export function stringOf(text: string, line: number): Value | NoValue {
  const prefix = /^[a-zA-Z]*/.exec(text)![0].toLowerCase();
  const width = text.startsWith(text[prefix.length]!.repeat(3), prefix.length) ? 3 : 1;
  const inner = text.slice(prefix.length + width, text.length - width);
  const bytes = prefix.includes('b');
  if (bytes && /[\u0080-\uffff]/.test(inner)) {
    throw new PythonSyntaxError(line, 'bytes can only contain ASCII literal characters');
  }
  const plain = prefix.includes('r') ? inner : unescape(inner, line, bytes);
  if (!bytes || plain instanceof NoValue) return plain;
  return Uint8Array.from(plain, (char) => char.charCodeAt(0));
}

const ESCAPE =
  /\\(?:(\n)|([0-7]{1,3})|x([\da-fA-F]{0,2})|u([\da-fA-F]{0,4})|U([\da-fA-F]{0,8})|(N)|([^]))/g;

/** Escapes unknown to Python are unchanged. */
export function unescape(text: string, line: number, bytes = false): string | NoValue {
  if (!text.includes('\\')) return text;
  let unknown: NoValue | undefined;
  const digits = (hex: string, width: number, letter: string): string => {
    const code = hex.length === width ? parseInt(hex, 16) : -1;
    if (code < 0 || code > 0x10ffff) {
      throw new PythonSyntaxError(line, `truncated or illegal \\${letter} escape`);
    }
    return String.fromCodePoint(code);
  };
  const result = text.replace(
    ESCAPE,
    (whole, eol?: string, octal?: string, x?: string, u?: string, U?: string, N?: string) => {
      if (eol !== undefined) return '';
      if (octal !== undefined) {
        const code = parseInt(octal, 8);
        return String.fromCodePoint(bytes ? code & 0xff : code);
      }
      if (x !== undefined) return digits(x, 2, 'x');
      if (u !== undefined) return bytes ? whole : digits(u, 4, 'u');
      if (U !== undefined) return bytes ? whole : digits(U, 8, 'U');
      if (N !== undefined) {
        if (!bytes) unknown = new NoValue('the character name of a \\N{...} escape');
        return whole;
      }
      const char = whole.slice(1);
      const code = LETTER_ESCAPES.get(char);
      if (code !== undefined) return String.fromCharCode(code);
      return char === "'" || char === '"' ? char : whole;
    },
  );
  return unknown ?? result;
}
