import { fixed, shortest, significant, type Scientific } from './float-digits.js';

/** `repr(value)`. */
export function floatRepr(value: number): string {
  const text = nonFinite(value);
  if (text !== undefined) return value < 0 ? `-${text}` : text;
  const sign = isNegative(value) ? '-' : '';
  const { digits, exponent } = shortest(value);
  if (exponent < -4 || exponent >= 16) return sign + scientific({ digits, exponent }, false);
  const plain = positional({ digits, exponent });
  return sign + (plain.includes('.') ? plain : `${plain}.0`);
}

export function isNegative(value: number): boolean {
  return value < 0 || Object.is(value, -0);
}

/** `inf` or `nan`, without a sign. */
function nonFinite(value: number): string | undefined {
  if (Number.isNaN(value)) return 'nan';
  return Number.isFinite(value) ? undefined : 'inf';
}

/** `1.5e+20`. */
function scientific({ digits, exponent }: Scientific, point: boolean): string {
  const fraction = digits.slice(1);
  const power = Math.abs(exponent).toString().padStart(2, '0');
  const dot = fraction !== '' || point ? '.' : '';
  return `${digits[0] ?? '0'}${dot}${fraction}e${exponent < 0 ? '-' : '+'}${power}`;
}

function positional({ digits, exponent }: Scientific): string {
  if (exponent < 0) return `0.${'0'.repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0');
  const fraction = digits.slice(exponent + 1);
  return fraction === '' ? whole : `${whole}.${fraction}`;
}

export interface FloatFormat {
  /** `e`, `f`, `g`, or `''` for a format without a type. */
  readonly type: 'e' | 'f' | 'g' | '';
  readonly precision: number | undefined;
  /** `#`: keeps the point, and the zeros of `g`. */
  readonly alternate: boolean;
}

/** `|value|` as `format(value, ...)` writes it. */
export function floatText(value: number, { type, precision, alternate }: FloatFormat): string {
  const text = nonFinite(value);
  if (text !== undefined) return text;
  switch (type) {
    case 'f': {
      const digits = fixed(value, precision ?? 6);
      return alternate && !digits.includes('.') ? `${digits}.` : digits;
    }
    case 'e':
      return scientific(significant(value, (precision ?? 6) + 1), alternate);
    case 'g':
      return general(value, precision ?? 6, alternate, false);
    default:
      if (precision === undefined) {
        const plain = floatRepr(Math.abs(value));
        return alternate && !plain.includes('.') ? plain.replace('e', '.e') : plain;
      }
      return general(value, precision, alternate, true);
  }
}

/** `keepsDot`: a whole number keeps `.0`, which uses one digit of the precision. */
function general(value: number, precision: number, alternate: boolean, keepsDot: boolean): string {
  const count = Math.max(precision, 1);
  const { digits, exponent } = significant(value, count);
  const wanted = alternate ? digits : digits.replace(/(?<=.)0+$/, '');
  if (exponent < -4 || exponent >= count - Number(keepsDot)) {
    return scientific({ digits: wanted, exponent }, alternate);
  }
  const plain = positional({ digits: wanted, exponent });
  if (plain.includes('.')) return plain;
  if (keepsDot) return `${plain}.0`;
  return alternate ? `${plain}.` : plain;
}
