import { strip } from '../str.js';
import { decimalValue } from './unicode.js';

/** Converts digits of any script to ASCII and strips surrounding white space. */
function normalized(text: string): string {
  const bare = strip(text);
  if (/^[\0-\x7f]*$/.test(bare)) return bare;
  let result = '';
  for (const char of bare) result += decimalValue(char) ?? char;
  return result;
}

const PREFIXES: ReadonlyMap<string, number> = new Map([
  ['0b', 2],
  ['0o', 8],
  ['0x', 16],
]);

/** Python refuses longer texts because they take too long. */
export const MOST_DIGITS = 4300;

/** `int(text, base)`; undefined if the text is not an int, `'long'` if it has too many digits. */
export function parseInteger(text: string, base: number): bigint | 'long' | undefined {
  const match = /^([+-]?)(.*)$/s.exec(normalized(text));
  let digits = (match?.[2] ?? '').toLowerCase();
  const prefixed = PREFIXES.get(digits.slice(0, 2));
  let radix = base;
  if (prefixed !== undefined && (base === 0 || base === prefixed)) {
    radix = prefixed;
    digits = digits.slice(2).replace(/^_/, '');
  } else if (base === 0) {
    radix = 10;
    // `int('010', 0)` is ambiguous.
    if (/^0[0_]*[1-9]/.test(digits)) return undefined;
  }
  if (!/^[0-9a-z]+(?:_[0-9a-z]+)*$/.test(digits)) return undefined;
  digits = digits.replaceAll('_', '');
  if (digits.length > MOST_DIGITS && (radix & (radix - 1)) !== 0) return 'long';
  let value = 0n;
  if (radix === 10 || radix === 16 || radix === 8 || radix === 2) {
    const allowed = { 10: /^[0-9]+$/, 16: /^[0-9a-f]+$/, 8: /^[0-7]+$/, 2: /^[01]+$/ }[radix];
    if (!allowed.test(digits)) return undefined;
    value = BigInt(`${{ 10: '', 16: '0x', 8: '0o', 2: '0b' }[radix]}${digits}`);
  } else {
    for (const digit of digits) {
      const worth = Number.parseInt(digit, 36);
      if (worth >= radix) return undefined;
      value = value * BigInt(radix) + BigInt(worth);
    }
  }
  return match?.[1] === '-' ? -value : value;
}

const FLOAT = /^[+-]?(?:\d+(?:_\d+)*\.?(?:\d+(?:_\d+)*)?|\.\d+(?:_\d+)*)(?:e[+-]?\d+(?:_\d+)*)?$/i;

/** `float(text)`; undefined if the text is not a float. */
export function parseFloatText(text: string): number | undefined {
  const bare = normalized(text);
  const special = /^([+-]?)(inf|infinity|nan)$/i.exec(bare);
  if (special) {
    const value = special[2]?.toLowerCase() === 'nan' ? Number.NaN : Number.POSITIVE_INFINITY;
    return special[1] === '-' ? -value : value;
  }
  return FLOAT.test(bare) ? Number(bare.replaceAll('_', '')) : undefined;
}
