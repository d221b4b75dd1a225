// A double is a fraction of a power of two, so its decimal digits can be computed exactly; Python
// rounds them half to even, and JavaScript's toFixed() half up.

/** `|value|` as mantissa * 2 ** exponent. */
function parts(value: number): { mantissa: bigint; exponent: number } {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  const bits = view.getBigUint64(0);
  const biased = Number((bits >> 52n) & 0x7ffn);
  const fraction = bits & 0xfffffffffffffn;
  return biased === 0
    ? { mantissa: fraction, exponent: -1074 }
    : { mantissa: fraction | 0x10000000000000n, exponent: biased - 1075 };
}

/** `|value| * 10 ** digits`, rounded half to even. */
export function scaled(value: number, digits: number): bigint {
  const { mantissa, exponent } = parts(value);
  let numerator = mantissa;
  let denominator = 1n;
  if (digits >= 0) numerator *= 10n ** BigInt(digits);
  else denominator *= 10n ** BigInt(-digits);
  if (exponent >= 0) numerator <<= BigInt(exponent);
  else denominator <<= BigInt(-exponent);
  const quotient = numerator / denominator;
  const twice = (numerator % denominator) * 2n;
  const up = twice > denominator || (twice === denominator && (quotient & 1n) === 1n);
  return up ? quotient + 1n : quotient;
}

/** No double has more digits after its decimal point. */
const LAST_DIGIT = 1074;

/** `'%.{digits}f' % abs(value)`. */
export function fixed(value: number, digits: number): string {
  const exact = Math.min(digits, LAST_DIGIT);
  const text = scaled(value, exact)
    .toString()
    .padStart(exact + 1, '0');
  const whole = text.slice(0, text.length - exact);
  if (digits === 0) return whole;
  return `${whole}.${(exact === 0 ? '' : text.slice(-exact)).padEnd(digits, '0')}`;
}

/** Significant digits, the first of them before the point, and its power of ten. */
export interface Scientific {
  readonly digits: string;
  readonly exponent: number;
}

/** That many significant digits of `|value|`. */
export function significant(value: number, count: number): Scientific {
  if (value === 0) return { digits: '0'.repeat(count), exponent: 0 };
  const exact = Math.min(count, LAST_DIGIT);
  // Rounding to the shortest digits may reach the next power of ten.
  let exponent = Number(value.toExponential().split('e')[1]) - 1;
  let digits = scaled(value, exact - 1 - exponent).toString();
  while (digits.length > exact) digits = scaled(value, exact - 1 - ++exponent).toString();
  return { digits: digits.padEnd(count, '0'), exponent };
}

/** The fewest digits that read back as `value`. */
export function shortest(value: number): Scientific {
  const [digits, exponent] = Math.abs(value).toExponential().split('e') as [string, string];
  return { digits: digits.replace('.', ''), exponent: Number(exponent) };
}
