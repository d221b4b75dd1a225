import type { BinaryOp, CompareOp } from './host.js';

/**
 * Python's names of its operators: `add` in `__add__`, `__radd__`, `__iadd__` and `operator.add`.
 */
export const BINARY_NAMES: Readonly<Record<BinaryOp, string>> = {
  '+': 'add',
  '-': 'sub',
  '*': 'mul',
  '/': 'truediv',
  '//': 'floordiv',
  '%': 'mod',
  '**': 'pow',
  '@': 'matmul',
  '<<': 'lshift',
  '>>': 'rshift',
  '&': 'and',
  '|': 'or',
  '^': 'xor',
};

export const COMPARE_NAMES: Readonly<Record<CompareOp, string>> = {
  '<': 'lt',
  '<=': 'le',
  '==': 'eq',
  '!=': 'ne',
  '>': 'gt',
  '>=': 'ge',
};

type Named<Op> = readonly (readonly [name: string, op: Op])[];

const inverse = <Op extends string>(names: Readonly<Record<Op, string>>): Named<Op> =>
  Object.entries<string>(names).map(([op, name]) => [name, op as Op]);

export const BINARY_OPERATORS: Named<BinaryOp> = inverse(BINARY_NAMES);
export const COMPARE_OPERATORS: Named<CompareOp> = inverse(COMPARE_NAMES);
