import type { BinaryOp, CompareOp, UnaryOp } from '../../host.js';
import type { Emit, Emitter } from '../emitter.js';

/** By the argument of BINARY_OP; the in-place operators follow 13 later. */
const BINARY: readonly BinaryOp[] = [
  '+',
  '&',
  '//',
  '<<',
  '@',
  '*',
  '%',
  '|',
  '**',
  '>>',
  '-',
  '/',
  '^',
];
const SUBSCRIPT = 26;

const BINARY_NAMES: Record<string, BinaryOp> = {
  POWER: '**',
  MULTIPLY: '*',
  MODULO: '%',
  ADD: '+',
  SUBTRACT: '-',
  FLOOR_DIVIDE: '//',
  TRUE_DIVIDE: '/',
  MATRIX_MULTIPLY: '@',
  LSHIFT: '<<',
  RSHIFT: '>>',
  AND: '&',
  XOR: '^',
  OR: '|',
};

const COMPARE: readonly CompareOp[] = ['<', '<=', '==', '!=', '>', '>='];
/** The bits that 3.12 and later add for specialised comparisons. */
const COMPARE_MASKS = [2, 10, 8, 7, 4, 12];

const unary =
  (operator: UnaryOp): Emit =>
  (to) =>
    to.emit({ op: 'unary', operator });

function compare(to: Emitter, index: number, mask?: number): void {
  const operator = COMPARE[index];
  if (operator === undefined || (mask !== undefined && mask !== COMPARE_MASKS[index])) {
    throw to.raw.error(`it has comparison ${index}, which does not exist in Python`);
  }
  to.emit({ op: 'compare', operator });
}

export const operators: Record<string, Emit> = {
  ...Object.fromEntries(
    Object.entries(BINARY_NAMES).flatMap(([name, operator]) =>
      [false, true].map((inPlace): [string, Emit] => [
        `${inPlace ? 'INPLACE' : 'BINARY'}_${name}`,
        (to) => to.emit({ op: 'binary', operator, inPlace }),
      ]),
    ),
  ),
  BINARY_OP: (to, arg) => {
    if (to.minor >= 14 && arg === SUBSCRIPT) return to.emit({ op: 'binary_subscr' });
    const operator = BINARY[arg % BINARY.length];
    if (operator === undefined || arg >= 2 * BINARY.length) {
      throw to.raw.error(`it has binary operator ${arg}, which does not exist in Python`);
    }
    to.emit({ op: 'binary', operator, inPlace: arg >= BINARY.length });
  },
  UNARY_POSITIVE: unary('+'),
  UNARY_NEGATIVE: unary('-'),
  UNARY_INVERT: unary('~'),
  UNARY_NOT: (to) => to.emit({ op: 'not' }),
  TO_BOOL: (to) => to.emit({ op: 'to_bool' }),
  COMPARE_OP: (to, arg) => {
    if (to.minor >= 13) {
      compare(to, arg >> 5, arg & 15);
      if (arg & 16) to.emit({ op: 'to_bool' });
    } else if (to.minor === 12) compare(to, arg >> 4, arg & 15);
    else if (to.minor >= 9 || arg < 6) compare(to, arg);
    else if (arg < 8) to.emit({ op: 'contains', invert: arg === 7 });
    else if (arg < 10) to.emit({ op: 'is', invert: arg === 9 });
    else throw to.raw.error(`it has an unknown comparison (${arg})`);
  },
  IS_OP: (to, arg) => to.emit({ op: 'is', invert: flag(to, arg) }),
  CONTAINS_OP: (to, arg) => to.emit({ op: 'contains', invert: flag(to, arg) }),
};

function flag(to: Emitter, arg: number): boolean {
  if (arg > 1) throw to.raw.error(`the argument of a comparison is ${arg}, not 0 or 1`);
  return arg === 1;
}
