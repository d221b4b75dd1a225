import type { Context } from '../context.js';
import type { BinaryOp } from '../host.js';

/** `left % right` of floats, which has the sign of `right`. */
function floatModulo(left: number, right: number): number {
  const rest = left % right;
  if (rest === 0) return right < 0 ? -0 : 0;
  return rest < 0 !== right < 0 ? rest + right : rest;
}

/** `left // right` of floats, as CPython computes it: from the remainder, not from the quotient. */
function floatFloorDivide(left: number, right: number): number {
  let rest = left % right;
  let quotient = (left - rest) / right;
  if (rest !== 0 && rest < 0 !== right < 0) {
    rest += right;
    quotient -= 1;
  }
  if (quotient === 0) return left / right < 0 || Object.is(left / right, -0) ? -0 : 0;
  const floor = Math.floor(quotient);
  return quotient - floor > 0.5 ? floor + 1 : floor;
}

function power(ctx: Context, base: number, exponent: number): number {
  // JavaScript returns NaN for these.
  if (base === 1) return 1;
  if (base === -1 && (exponent === Infinity || exponent === -Infinity)) return 1;
  if (base === 0 && exponent < 0) {
    throw ctx.raise('ZeroDivisionError', '0.0 cannot be raised to a negative power');
  }
  if (
    base < 0 &&
    Number.isFinite(base) &&
    Number.isFinite(exponent) &&
    !Number.isInteger(exponent)
  ) {
    throw ctx.unknown('a complex number');
  }
  const result = base ** exponent;
  if (!Number.isFinite(result) && Number.isFinite(base) && Number.isFinite(exponent)) {
    throw ctx.raise('OverflowError', "(34, 'Numerical result out of range')");
  }
  return result;
}

/** An operator on two floats. Undefined if floats do not support it. */
export function floats(
  ctx: Context,
  op: BinaryOp,
  left: number,
  right: number,
): number | undefined {
  switch (op) {
    case '+':
      return left + right;
    case '-':
      return left - right;
    case '*':
      return left * right;
    case '/':
      if (right === 0) throw ctx.raise('ZeroDivisionError', 'float division by zero');
      return left / right;
    case '//':
      if (right === 0) throw ctx.raise('ZeroDivisionError', 'float floor division by zero');
      return floatFloorDivide(left, right);
    case '%':
      if (right === 0) throw ctx.raise('ZeroDivisionError', 'float modulo');
      return floatModulo(left, right);
    case '**':
      return power(ctx, left, right);
    default:
      return undefined;
  }
}
