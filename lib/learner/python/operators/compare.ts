import { plainOf } from '../builtins/unwrap.js';
import type { Context } from '../context.js';
import { HostObject, type CompareOp } from '../host.js';
import { COMPARE_NAMES } from '../operator-names.js';
import { compareStrings } from '../str.js';
import { BoundMethod, Dict, List, Range, SetValue, Slice, Tuple, type Value } from '../values.js';
import { ask } from './binary.js';
import { identical, sameMethod } from './identity.js';
import { compareSets } from './sets.js';

const MIRRORED: Readonly<Record<CompareOp, CompareOp>> = {
  '<': '>',
  '<=': '>=',
  '==': '==',
  '!=': '!=',
  '>': '<',
  '>=': '<=',
};

const isNumber = (value: Value): value is bigint | number | boolean =>
  typeof value === 'bigint' || typeof value === 'number' || typeof value === 'boolean';

/** `left op right`. */
export function compare(ctx: Context, op: CompareOp, left: Value, right: Value): Value {
  if (isNumber(left) && isNumber(right)) return ordered(op, left, right);
  if (typeof left === 'string' && typeof right === 'string') {
    const shared = Math.min(left.length, right.length);
    if (shared > 64) ctx.budget.step(shared >> 4);
    if (op === '==') return left === right;
    if (op === '!=') return left !== right;
    return ordered(op, compareStrings(left, right), 0);
  }
  const result = ofClasses(ctx, op, left, right);
  if (result !== undefined) return result;
  const own = compareValues(ctx, op, plainOf(left), plainOf(right));
  if (own !== undefined) return own;
  if (op === '==') return identical(left, right);
  if (op === '!=') return !identical(left, right);
  throw ctx.raise(
    'TypeError',
    `'${op}' not supported between instances of '${ctx.typeOf(left).name}' and '${ctx.typeOf(right).name}'`,
  );
}

/** JavaScript compares an int with a float by their exact values, as Python does. */
function ordered(op: CompareOp, left: bigint | number | boolean, right: bigint | number | boolean) {
  switch (op) {
    case '<':
      return left < right;
    case '<=':
      return left <= right;
    case '>':
      return left > right;
    case '>=':
      return left >= right;
    case '==':
      return left == right;
    case '!=':
      return left != right;
  }
}

function ofClasses(ctx: Context, op: CompareOp, left: Value, right: Value): Value | undefined {
  const mirrored = MIRRORED[op];
  const [leftType, rightType] = [ctx.typeOf(left), ctx.typeOf(right)];
  if (leftType !== rightType && rightType.isSubclassOf(leftType)) {
    return answer(ctx, mirrored, right, left) ?? answer(ctx, op, left, right);
  }
  return answer(ctx, op, left, right) ?? answer(ctx, mirrored, right, left);
}

function answer(ctx: Context, op: CompareOp, self: Value, other: Value): Value | undefined {
  if (self instanceof HostObject) return self.compare?.(op, plainOf(other), ctx);
  const result = ask(ctx, self, `__${COMPARE_NAMES[op]}__`, other);
  if (result !== undefined || op !== '!=') return result;
  // `!=` is the negation of `==` if only `==` is defined.
  const equal = ask(ctx, self, '__eq__', other);
  return equal === undefined ? undefined : !ctx.truth(equal);
}

/** Compares Python's own values. Undefined if they do not support the comparison. */
function compareValues(
  ctx: Context,
  op: CompareOp,
  left: Value,
  right: Value,
): boolean | undefined {
  if (isNumber(left) && isNumber(right)) return ordered(op, left, right);
  if (typeof left === 'string' && typeof right === 'string') {
    return ordered(op, compareStrings(left, right), 0);
  }
  if (
    (left instanceof List && right instanceof List) ||
    (left instanceof Tuple && right instanceof Tuple)
  ) {
    return sequences(ctx, op, left.items, right.items);
  }
  if (left instanceof SetValue && right instanceof SetValue) {
    ctx.budget.step(left.entries.size + right.entries.size);
    return compareSets(op, left, right);
  }
  if (left instanceof Uint8Array && right instanceof Uint8Array) {
    ctx.budget.step(Math.min(left.length, right.length) >> 3);
    return ordered(op, Buffer.compare(left, right), 0);
  }
  if (op !== '==' && op !== '!=') return undefined;
  const equal = equalValues(ctx, left, right);
  return equal === undefined ? undefined : equal === (op === '==');
}

function equalValues(ctx: Context, left: Value, right: Value): boolean | undefined {
  if (left instanceof Dict && right instanceof Dict) return equalDicts(ctx, left, right);
  if (left instanceof Range && right instanceof Range) {
    const { length } = left;
    if (length !== right.length) return false;
    return (
      length === 0n || (left.start === right.start && (length === 1n || left.step === right.step))
    );
  }
  if (left instanceof Slice && right instanceof Slice) {
    return (
      ctx.equal(left.start, right.start) &&
      ctx.equal(left.stop, right.stop) &&
      ctx.equal(left.step, right.step)
    );
  }
  if (left instanceof BoundMethod && right instanceof BoundMethod) return sameMethod(left, right);
  return undefined;
}

function equalDicts(ctx: Context, left: Dict, right: Dict): boolean {
  if (left.entries.size !== right.entries.size) return false;
  ctx.budget.enter();
  for (const [key, [, value]] of left.entries) {
    ctx.budget.step();
    const other = right.entries.get(key);
    if (!other || !ctx.equal(value, other[1])) {
      ctx.budget.leave();
      return false;
    }
  }
  ctx.budget.leave();
  return true;
}

function sequences(
  ctx: Context,
  op: CompareOp,
  left: readonly Value[],
  right: readonly Value[],
): boolean {
  if (left.length !== right.length && (op === '==' || op === '!=')) return op === '!=';
  ctx.budget.enter();
  const shared = Math.min(left.length, right.length);
  let at = 0;
  // The items' own methods may change the lists meanwhile.
  while (at < shared && at < left.length && at < right.length) {
    ctx.budget.step();
    if (!ctx.equal(left[at]!, right[at]!)) break;
    at++;
  }
  ctx.budget.leave();
  if (at >= shared || at >= left.length || at >= right.length) {
    return ordered(op, left.length, right.length);
  }
  if (op === '==' || op === '!=') return op === '!=';
  return ctx.truth(ctx.compare(op, left[at]!, right[at]!));
}
