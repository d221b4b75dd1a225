/** The most digits of a decimal integer: Python's own limit for such conversions. */
const MAX_DIGITS = 4300;

/** A number if a double holds the bigint exactly, otherwise the bigint. */
export function shrink(value: bigint): number | bigint {
  return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER)
    ? Number(value)
    : value;
}

/** Two's complement, little-endian, of any length: pickle's LONG1 and LONG4. */
export function integerFromBytes(bytes: Uint8Array): number | bigint {
  const length = bytes.length;
  if (length === 0) return 0;
  if (length <= 6) {
    let value = 0;
    for (let i = length - 1; i >= 0; i--) value = value * 256 + bytes[i]!;
    return bytes[length - 1]! & 0x80 ? value - 2 ** (8 * length) : value;
  }
  const hex = Buffer.from(bytes).reverse().toString('hex');
  return shrink(BigInt.asIntN(8 * length, BigInt(`0x${hex}`)));
}

/** A decimal integer; undefined if the text is not one, or has thousands of digits. */
export function parseInteger(text: string): number | bigint | undefined {
  const digits = text.trim();
  if (digits.length > MAX_DIGITS || !/^[+-]?\d+$/.test(digits)) return undefined;
  return shrink(digits.startsWith('+') ? BigInt(digits.slice(1)) : BigInt(digits));
}

/** The number that Python's `float()` reads from the text of `repr(float)`. */
export function parseFloat64(text: string): number | undefined {
  const literal = text.trim().toLowerCase();
  const special = /^([+-]?)(inf|infinity|nan)$/.exec(literal);
  if (special) {
    if (special[2] === 'nan') return NaN;
    return special[1] === '-' ? -Infinity : Infinity;
  }
  return /^[+-]?(\d+(?:\.\d*)?|\.\d+)(e[+-]?\d+)?$/.test(literal) ? Number(literal) : undefined;
}
