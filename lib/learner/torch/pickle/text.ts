import { LETTER_ESCAPES } from '../../python/str.js';

/** UTF-8 with lone surrogates (`surrogatepass`), as pickle writes it; undefined for other bytes. */
export function decodeUtf8(bytes: Buffer, start: number, end: number): string | undefined {
  const text = bytes.toString('utf8', start, end);
  // The decoder writes U+FFFD for bytes that it cannot decode; a genuine U+FFFD takes the slow path
  // too.
  return text.includes('\ufffd') ? decodeStrictly(bytes, start, end) : text;
}

function decodeStrictly(bytes: Uint8Array, start: number, end: number): string | undefined {
  const parts: string[] = [];
  for (let i = start; i < end;) {
    const lead = bytes[i++]!;
    if (lead < 0x80) {
      parts.push(String.fromCharCode(lead));
      continue;
    }
    const extra = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
    if (lead < 0xc2 || lead > 0xf4 || i + extra > end) return undefined;
    let point = lead & (0x3f >> extra);
    for (let k = 0; k < extra; k++) {
      const byte = bytes[i++]!;
      if ((byte & 0xc0) !== 0x80) return undefined;
      point = (point << 6) | (byte & 0x3f);
    }
    const least = extra === 1 ? 0x80 : extra === 2 ? 0x800 : 0x10000;
    if (point < least || point > 0x10ffff) return undefined;
    parts.push(String.fromCodePoint(point));
  }
  return parts.join('');
}

/**
 * Python's `raw-unicode-escape`: Latin-1 in which `\uXXXX` and `\UXXXXXXXX` are escapes if the
 * number of backslashes before the letter is odd. Undefined if an escape is malformed.
 */
export function decodeRawUnicodeEscape(text: string): string | undefined {
  let malformed = false;
  const decoded = text.replace(
    /(\\+)(?:(u)([0-9a-fA-F]{4})?|(U)([0-9a-fA-F]{8})?)/g,
    (whole, slashes: string, u?: string, short?: string, _U?: string, long?: string) => {
      if (slashes.length % 2 === 0) return whole;
      const digits = u ? short : long;
      const point = digits === undefined ? NaN : parseInt(digits, 16);
      if (!(point <= 0x10ffff)) {
        malformed = true;
        return '';
      }
      return slashes.slice(1) + String.fromCodePoint(point);
    },
  );
  return malformed ? undefined : decoded;
}

/** The bytes of a Python 2 `str` literal, `'it\'s \x00'`; undefined if it is malformed. */
export function decodeQuotedBytes(line: string): Uint8Array | undefined {
  const text = line.trim();
  const quote = text[0];
  if (text.length < 2 || (quote !== "'" && quote !== '"') || !text.endsWith(quote))
    return undefined;
  const bytes: number[] = [];
  const end = text.length - 1;
  for (let i = 1; i < end;) {
    const char = text[i++]!;
    if (char !== '\\') {
      bytes.push(char.charCodeAt(0));
      continue;
    }
    if (i >= end) return undefined;
    const escape = text[i++]!;
    const simple = LETTER_ESCAPES.get(escape);
    if (simple !== undefined) bytes.push(simple);
    else if (escape === "'" || escape === '"') bytes.push(escape.charCodeAt(0));
    else if (escape === 'x') {
      const digits = text.slice(i, Math.min(i + 2, end));
      if (!/^[0-9a-fA-F]{2}$/.test(digits)) return undefined;
      bytes.push(parseInt(digits, 16));
      i += 2;
    } else if (/[0-7]/.test(escape)) {
      const digits = /^[0-7]{1,3}/.exec(text.slice(i - 1, Math.min(i + 2, end)))![0];
      bytes.push(parseInt(digits, 8) & 0xff);
      i += digits.length - 1;
    } else bytes.push(0x5c, escape.charCodeAt(0));
  }
  return Uint8Array.from(bytes);
}
