import type { Value as GraphValue } from '../../graph.js';
import type { TorchEnv } from '../env.js';
import { isFloating, type Operand } from '../promotion.js';
import { SymSize } from '../size.js';
import { fn, type Args, type TorchFunction, type TorchTable } from '../table.js';
import type { TensorValue } from '../tensor-value.js';
import { cast, constantLike, emit, operand, promoted } from './emit.js';
import { unsqueezed } from './layout.js';

/** Compares two operands in their common type. */
const comparison = (op: string, negated = false): TorchFunction =>
  fn('input, other', (env, args) =>
    compared(env, operand(env, args, 'input'), operand(env, args, 'other'), op, negated),
  );

function compared(env: TorchEnv, a: Operand, b: Operand, op: string, negated = false): TensorValue {
  const { dtype, values } = promoted(env, [a, b]);
  // ONNX orders numbers, but not booleans.
  const ordered = dtype === 'bool' && op !== 'Equal';
  const operands = ordered ? values.map((value) => cast(env, value, 'uint8')) : values;
  const answer = emit(env, op, operands);
  return env.tensor(negated ? env.graph.op('Not', [answer]) : answer, 'bool');
}

/** Tests each element. The answer for integers is always `integers`. */
const question = (
  integers: boolean,
  ask: (env: TorchEnv, value: GraphValue) => GraphValue,
): TorchFunction =>
  fn('input', (env, args) => {
    const x = args.tensor('input');
    if (isFloating(x.dtype)) return env.tensor(ask(env, x.value), 'bool');
    return env.tensor(filled(env, x, integers), 'bool');
  });

/** The same boolean for each element of a tensor. */
const filled = (env: TorchEnv, x: TensorValue, answer: boolean): GraphValue =>
  env.expand(env.graph.scalar(Number(answer), 'bool'), env.sizes(x));

const infinite = (value: GraphValue, env: TorchEnv, which = {}): GraphValue =>
  env.graph.op('IsInf', [value], which);

/** Combines two booleans. */
const logical = (op: 'And' | 'Or' | 'Xor'): TorchFunction =>
  fn('input, other', (env, args) => {
    const truths = ['input', 'other'].map((name) => env.operand(operand(env, args, name), 'bool'));
    return env.tensor(env.graph.op(op, truths), 'bool');
  });

/** torch's bitwise operators, for booleans only: this opset of ONNX has none for integers. */
const bitwise = (op: 'And' | 'Or' | 'Xor'): TorchFunction =>
  fn('input, other', (env, args) => {
    const { dtype, values } = promoted(
      env,
      ['input', 'other'].map((name) => operand(env, args, name)),
    );
    if (dtype !== 'bool') throw refusedBits(env, args);
    return env.tensor(env.graph.op(op, values), 'bool');
  });

const refusedBits = (env: TorchEnv, args: Args): Error =>
  env.ctx.unsupported(`torch.${args.name} of integers has no counterpart`);

const bitwiseNot = fn('input', (env, args) => {
  const x = args.tensor('input');
  if (x.dtype === 'bool') return env.tensor(env.graph.op('Not', [x.value]), 'bool');
  if (isFloating(x.dtype))
    throw env.ctx.raise('RuntimeError', 'bitwise_not is not implemented for floats');
  if (x.dtype === 'uint8') {
    return env.tensor(emit(env, 'Sub', [constantLike(env, 255, x.value), x.value]), x.dtype);
  }
  const negated = emit(env, 'Neg', [x.value]);
  return env.tensor(emit(env, 'Sub', [negated, constantLike(env, 1, x.value)]), x.dtype);
});

/** x * 2 ** n, or the floor of x / 2 ** n, for a known n. */
const shift = (op: 'mul' | 'floor_divide'): TorchFunction =>
  fn('input, other', (env, args) => {
    const [x, by] = [operand(env, args, 'input'), operand(env, args, 'other')];
    const { dtype } = promoted(env, [x, by]);
    const known = env.operand(by, dtype).known;
    if (isFloating(dtype) || dtype === 'bool' || known?.length !== 1) {
      throw env.ctx.unsupported(`torch.${args.name} by a number of bits that the graph computes`);
    }
    const [bits] = known;
    if (bits! < 0 || bits! > 30) throw env.ctx.unsupported(`torch.${args.name} by ${bits} bits`);
    const result = env.tensorOf(`torch.${op}`, [x, BigInt(2 ** bits!)]);
    return env.cast(result, dtype);
  });

/** |a - b| <= atol + rtol * |b|; equal values are close. */
const isClose = fn('input, other, rtol=, atol=, equal_nan=', (env, args) => {
  const { dtype, values } = promoted(env, [args.tensor('input'), operand(env, args, 'other')]);
  const [a, b] = values as [GraphValue, GraphValue];
  const equal = emit(env, 'Equal', [a, b]);
  if (dtype === 'bool') return env.tensor(equal, 'bool');
  const [x, y] = isFloating(dtype) ? [a, b] : [cast(env, a, 'float64'), cast(env, b, 'float64')];
  const scale = constantLike(env, args.float('rtol', 1e-5), y);
  const size = emit(env, 'Mul', [scale, emit(env, 'Abs', [y])]);
  const room = emit(env, 'Add', [constantLike(env, args.float('atol', 1e-8), y), size]);
  const gap = emit(env, 'Abs', [emit(env, 'Sub', [x, y])]);
  // Infinite values are close only to themselves.
  const finite = env.graph.op('Not', [infinite(gap, env)]);
  const near = env.graph.op('And', [emit(env, 'LessOrEqual', [gap, room]), finite]);
  let close = env.graph.op('Or', [equal, near]);
  if (args.bool('equal_nan', false) && isFloating(dtype)) {
    const both = env.graph.op('And', [emit(env, 'IsNaN', [a]), emit(env, 'IsNaN', [b])]);
    close = env.graph.op('Or', [close, both]);
  }
  return env.tensor(close, 'bool');
});

const isIn = fn('elements, test_elements, *, assume_unique=, invert=', (env, args) => {
  const operands = ['elements', 'test_elements'].map((name) => operand(env, args, name));
  const { values } = promoted(env, operands);
  const [elements, tests] = values as [GraphValue, GraphValue];
  const column = unsqueezed(env, elements, elements.rank ?? 0);
  const equal = cast(env, emit(env, 'Equal', [column, env.reshape(tests, [-1])]), 'uint8');
  const axis = elements.rank ?? 0;
  const any = cast(env, emit(env, 'ReduceMax', [equal], { axes: [axis], keepdims: 0 }), 'bool');
  return env.tensor(args.bool('invert', false) ? env.graph.op('Not', [any]) : any, 'bool');
});

/** A Python boolean, which is known only for constants. */
const equal = fn('input, other', (env, args) => {
  const [a, b] = [args.tensor('input'), args.tensor('other')];
  const sizes = env.sizes(b);
  const differs =
    a.rank !== b.rank || env.sizes(a).some((size, i) => SymSize.equal(size, sizes[i]!) === false);
  if (differs) return false;
  if (a.known && b.known) return a.known.every((element, i) => element === b.known![i]);
  throw env.ctx.unsupported('a branch on the values of tensors cannot be followed');
});

/** Operations with boolean results. */
export const comparisons: TorchTable = {
  'torch.eq|Tensor.eq': comparison('Equal'),
  'torch.ne|torch.not_equal|Tensor.ne|Tensor.not_equal': comparison('Equal', true),
  'torch.lt|torch.less|Tensor.lt|Tensor.less': comparison('Less'),
  'torch.le|torch.less_equal|Tensor.le|Tensor.less_equal': comparison('LessOrEqual'),
  'torch.gt|torch.greater|Tensor.gt|Tensor.greater': comparison('Greater'),
  'torch.ge|torch.greater_equal|Tensor.ge|Tensor.greater_equal': comparison('GreaterOrEqual'),
  'torch.isnan|Tensor.isnan': question(false, (env, x) => env.graph.op('IsNaN', [x])),
  'torch.isinf|Tensor.isinf': question(false, (env, x) => infinite(x, env)),
  'torch.isposinf|Tensor.isposinf': question(false, (env, x) =>
    infinite(x, env, { detect_negative: 0 }),
  ),
  'torch.isneginf|Tensor.isneginf': question(false, (env, x) =>
    infinite(x, env, { detect_positive: 0 }),
  ),
  'torch.isfinite|Tensor.isfinite': question(true, (env, x) => {
    const strange = env.graph.op('Or', [env.graph.op('IsNaN', [x]), infinite(x, env)]);
    return env.graph.op('Not', [strange]);
  }),
  'torch.isreal|Tensor.isreal': fn('input', (env, args) =>
    env.tensor(filled(env, args.tensor('input'), true), 'bool'),
  ),
  'torch.signbit|Tensor.signbit': fn('input', (env, args) => {
    const x = args.tensor('input');
    if (x.dtype === 'bool' || x.dtype === 'uint8') return env.tensor(filled(env, x, false), 'bool');
    const zero = constantLike(env, 0, x.value);
    const below = emit(env, 'Less', [x.value, zero]);
    if (!isFloating(x.dtype)) return env.tensor(below, 'bool');
    // The sign of -0.0 shows in its reciprocal.
    const inverse = emit(env, 'Less', [emit(env, 'Reciprocal', [x.value]), zero]);
    return env.tensor(env.graph.op('Or', [below, inverse]), 'bool');
  }),
  'torch.logical_and|Tensor.logical_and': logical('And'),
  'torch.logical_or|Tensor.logical_or': logical('Or'),
  'torch.logical_xor|Tensor.logical_xor': logical('Xor'),
  'torch.logical_not|Tensor.logical_not': fn('input', (env, args) =>
    env.tensor(env.graph.op('Not', [env.cast(args.tensor('input'), 'bool').value]), 'bool'),
  ),
  'torch.bitwise_and|Tensor.bitwise_and': bitwise('And'),
  'torch.bitwise_or|Tensor.bitwise_or': bitwise('Or'),
  'torch.bitwise_xor|Tensor.bitwise_xor': bitwise('Xor'),
  'torch.bitwise_not|Tensor.bitwise_not': bitwiseNot,
  'torch.bitwise_left_shift|Tensor.bitwise_left_shift': shift('mul'),
  'torch.bitwise_right_shift|Tensor.bitwise_right_shift': shift('floor_divide'),
  'torch.isclose|Tensor.isclose': isClose,
  'torch.isin': isIn,
  'torch.equal|Tensor.equal': equal,
};
