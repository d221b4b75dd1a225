import type { Context } from '../context.js';
import { MOST_DIGITS } from './number-parse.js';

const LARGEST = 10n ** BigInt(MOST_DIGITS);

/** `str(value)`. @throws a ValueError of Python if it has too many digits */
export function intText(ctx: Context, value: bigint): string {
  if (value >= LARGEST || value <= -LARGEST) {
    throw ctx.raise(
      'ValueError',
      `Exceeds the limit (${MOST_DIGITS} digits) for integer string conversion; ` +
        'use sys.set_int_max_str_digits() to increase the limit',
    );
  }
  return value.toString();
}

/** `float(value)`. @throws an OverflowError of Python */
export function toDouble(ctx: Context, value: bigint): number {
  const double = Number(value);
  if (!Number.isFinite(double)) {
    throw ctx.raise('OverflowError', 'int too large to convert to float');
  }
  return double;
}
