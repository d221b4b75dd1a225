import type { Value as GraphValue } from '../../graph.js';
import { asFloat, constantLike, emit, operand, promoted, where } from './emit.js';
import type { TorchEnv } from '../env.js';
import { isFloating, type Operand } from '../promotion.js';
import { fn, type TorchFunction, type TorchTable } from '../table.js';
import { TensorValue } from '../tensor-value.js';

export type Formula = (env: TorchEnv, x: GraphValue) => GraphValue;

/** A function of each element that turns integers into floats. */
export const ofFloats = (formula: Formula): TorchFunction =>
  fn('input', (env, args) => {
    const { value, dtype } = asFloat(env, args.tensor('input'));
    return env.tensor(formula(env, value), dtype);
  });

const native = (op: string): TorchFunction => ofFloats((env, x) => emit(env, op, [x]));

/** A function of each element that does not change integers; on floats it is an operator. */
const rounding = (op: string): TorchFunction =>
  fn('input', (env, args) => {
    const x = args.tensor('input');
    return isFloating(x.dtype) ? env.tensor(emit(env, op, [x.value]), x.dtype) : x;
  });

type Combine = (env: TorchEnv, a: GraphValue, b: GraphValue) => GraphValue;

/** A function of two operands in their common type. */
const ofTwo = (combine: Combine, least?: 'float32'): TorchFunction =>
  fn('input, other', (env, args) =>
    both(env, operand(env, args, 'input'), operand(env, args, 'other'), combine, least),
  );

export function both(
  env: TorchEnv,
  a: Operand,
  b: Operand,
  combine: Combine,
  least?: 'float32',
): TensorValue {
  const { dtype, values } = promoted(env, [a, b], least);
  return env.tensor(combine(env, values[0]!, values[1]!), dtype);
}

const op2 =
  (op: string): Combine =>
  (env, a, b) =>
    emit(env, op, [a, b]);

/** Sums and differences, with `alpha` times the second operand. */
function addition(op: 'Add' | 'Sub', reversed = false): TorchFunction {
  return fn('input, other, *, alpha=', (env, args) => {
    const names = reversed ? ['other', 'input'] : ['input', 'other'];
    const operands = names.map((name) => operand(env, args, name));
    const alpha = args.has('alpha') ? operand(env, args, 'alpha') : 1n;
    const { dtype, values } = promoted(env, operands);
    if (typeof alpha === 'number' && !isFloating(dtype)) {
      throw env.ctx.raise('RuntimeError', 'For integral input tensors, alpha must not be a float');
    }
    if (dtype === 'bool') {
      if (op === 'Sub') {
        throw env.ctx.raise('RuntimeError', 'Subtraction of bool tensors is not supported');
      }
      return env.tensor(env.graph.op('Or', values), dtype);
    }
    if (Number(alpha) !== 1) {
      values[1] = emit(env, 'Mul', [values[1]!, env.operand(alpha, dtype)]);
    }
    return env.tensor(emit(env, op, values), dtype);
  });
}

const multiply: Combine = (env, a, b) =>
  a.dtype === 'bool' ? env.graph.op('And', [a, b]) : emit(env, 'Mul', [a, b]);

const trunc: Formula = (env, x) =>
  emit(env, 'Mul', [emit(env, 'Sign', [x]), emit(env, 'Floor', [emit(env, 'Abs', [x])])]);

const isZero: Formula = ({ graph }, x) => graph.op('Equal', [x, graph.scalar(0, x.dtype)]);

const negative: Formula = (env, x) => emit(env, 'Less', [x, constantLike(env, 0, x)]);

/** C's remainder, which has the dividend's sign. */
const fmod: Combine = (env, a, b) =>
  emit(env, 'Mod', [a, isFloatValue(b) ? b : checked(env, b)], { fmod: 1 });

const isFloatValue = ({ dtype }: GraphValue): boolean => dtype === 'float32' || dtype === 'float64';

/**
 * A divisor of integers. Division by 0 would trap and end the process, so this makes the run fail,
 * as torch does.
 */
function checked(env: TorchEnv, divisor: GraphValue): GraphValue {
  const { graph, ctx } = env;
  if (divisor.known) {
    if (divisor.known.includes(0)) throw ctx.raise('RuntimeError', 'ZeroDivisionError');
    return divisor;
  }
  // An index out of bounds is an error of the run.
  const zeros = graph.op('Cast', [isZero(env, divisor)], { to: 'int64' });
  const nothing = graph.op('Gather', [graph.constant([0], divisor.dtype), zeros]);
  return emit(env, 'Add', [divisor, nothing]);
}

/**
 * Quotients of integers, rounded towards 0. Divisors of -1 are treated separately, because the
 * smallest integer divided by -1 traps too.
 */
function truncated(env: TorchEnv, a: GraphValue, b: GraphValue): GraphValue {
  if (b.known?.length === 1) {
    if (b.known[0] === 1) return a;
    if (b.known[0] === -1) return emit(env, 'Neg', [a]);
    return emit(env, 'Div', [a, checked(env, b)]);
  }
  if (b.dtype === 'uint8') return emit(env, 'Div', [a, checked(env, b)]);
  const one = env.graph.op('Equal', [b, env.graph.scalar(-1, b.dtype)]);
  const safe = where(env, one, constantLike(env, 1, b), checked(env, b));
  const quotient = emit(env, 'Div', [a, safe]);
  return where(env, one, emit(env, 'Neg', [quotient]), quotient);
}

/** Python's remainder, which has the divisor's sign. */
const remainder: Combine = (env, a, b) => {
  if (!isFloatValue(a)) return emit(env, 'Mod', [a, checked(env, b)]);
  const rest = emit(env, 'Mod', [a, b], { fmod: 1 });
  const { graph } = env;
  const differs = graph.op('Xor', [negative(env, rest), negative(env, b)]);
  const wrong = graph.op('And', [differs, graph.op('Not', [isZero(env, rest)])]);
  return where(env, wrong, emit(env, 'Add', [rest, b]), rest);
};

const floorDivide: Combine = (env, a, b) => {
  const { graph } = env;
  if (isFloatValue(a)) {
    // The floor of a rounded quotient may be too large by one: 1 // 0.1 is 9.
    const whole = emit(env, 'Sub', [a, remainder(env, a, b)]);
    const quotient = emit(env, 'Round', [emit(env, 'Div', [whole, b])]);
    if (b.known && !b.known.includes(0)) return quotient;
    return where(env, isZero(env, b), emit(env, 'Div', [a, b]), quotient);
  }
  const quotient = truncated(env, a, b);
  if (a.dtype === 'uint8') return quotient;
  const rest = emit(env, 'Sub', [a, emit(env, 'Mul', [quotient, b])]);
  const differs = graph.op('Xor', [negative(env, rest), negative(env, b)]);
  const below = graph.op('And', [differs, graph.op('Not', [isZero(env, rest)])]);
  return emit(env, 'Sub', [quotient, graph.op('Cast', [below], { to: a.dtype })]);
};

const divide = fn('input, other, *, rounding_mode=', (env, args) => {
  const [a, b] = [operand(env, args, 'input'), operand(env, args, 'other')];
  if (!args.has('rounding_mode')) return both(env, a, b, op2('Div'), 'float32');
  const mode = args.string('rounding_mode');
  if (mode === 'floor') return both(env, a, b, floorDivide);
  if (mode !== 'trunc') {
    throw env.ctx.raise(
      'RuntimeError',
      `div expected rounding_mode to be one of None, 'trunc', or 'floor'`,
    );
  }
  return both(env, a, b, (_, x, y) =>
    isFloatValue(x) ? trunc(env, emit(env, 'Div', [x, y])) : truncated(env, x, y),
  );
});

/** Powers that torch computes with simpler functions. */
function power(env: TorchEnv, base: GraphValue, exponent: GraphValue): GraphValue {
  const by = exponent.known?.length === 1 ? exponent.known[0]! : undefined;
  if (by === 1) return base;
  if (by === 2) return emit(env, 'Mul', [base, base]);
  if (isFloatValue(base)) {
    if (by === 0.5) return emit(env, 'Sqrt', [base]);
    if (by === -1) return emit(env, 'Reciprocal', [base]);
    if (by === -0.5) return emit(env, 'Reciprocal', [emit(env, 'Sqrt', [base])]);
  } else if (by !== undefined && by < 0) {
    throw env.ctx.raise('RuntimeError', 'Integers to negative integer powers are not allowed.');
  }
  return emit(env, 'Pow', [base, exponent]);
}

function pow(env: TorchEnv, base: Operand, exponent: Operand): TensorValue {
  const { dtype, values } = promoted(env, [base, exponent]);
  if (dtype === 'bool') throw env.ctx.raise('RuntimeError', 'pow is not implemented for bool');
  return env.tensor(power(env, values[0]!, values[1]!), dtype);
}

/** The larger or smaller of two values, or the one that is not NaN. */
const ignoringNaN = (op: 'Max' | 'Min'): TorchFunction =>
  ofTwo((env, a, b) => {
    if (a.dtype === 'bool') return env.graph.op(op === 'Max' ? 'Or' : 'And', [a, b]);
    const result = emit(env, op, [a, b]);
    if (!isFloatValue(a)) return result;
    const inA = where(env, emit(env, 'IsNaN', [a]), b, result);
    return where(env, emit(env, 'IsNaN', [b]), a, inA);
  });

export const extreme =
  (op: 'Max' | 'Min'): Combine =>
  (env, a, b) =>
    a.dtype === 'bool' ? env.graph.op(op === 'Max' ? 'Or' : 'And', [a, b]) : emit(env, op, [a, b]);

const atan2: Combine = (env, y, x) => {
  const { graph } = env;
  const plain = emit(env, 'Atan', [emit(env, 'Div', [y, x])]);
  // The sign of -0.0 shows in its reciprocal.
  const below = graph.op('Or', [negative(env, y), negative(env, emit(env, 'Reciprocal', [y]))]);
  const leftwards = graph.op('Or', [negative(env, x), negative(env, emit(env, 'Reciprocal', [x]))]);
  const turn = where(env, below, constantLike(env, -Math.PI, y), constantLike(env, Math.PI, y));
  const angle = where(env, leftwards, emit(env, 'Add', [plain, turn]), plain);
  const straight = where(env, leftwards, turn, y);
  const whole = where(env, isZero(env, y), straight, angle);
  const infinite = graph.op('And', [emit(env, 'IsInf', [x]), emit(env, 'IsInf', [y])]);
  const eighth = where(
    env,
    leftwards,
    constantLike(env, (3 * Math.PI) / 4, y),
    constantLike(env, Math.PI / 4, y),
  );
  const corner = where(env, below, emit(env, 'Neg', [eighth]), eighth);
  return where(env, infinite, corner, whole);
};

const hypot: Combine = (env, a, b) => {
  // After division by the larger one, squares neither overflow nor underflow.
  const [x, y] = [emit(env, 'Abs', [a]), emit(env, 'Abs', [b])];
  const large = emit(env, 'Max', [x, y]);
  const ratio = emit(env, 'Div', [emit(env, 'Min', [x, y]), large]);
  const one = constantLike(env, 1, a);
  const length = emit(env, 'Sqrt', [emit(env, 'Add', [emit(env, 'Mul', [ratio, ratio]), one])]);
  const scaled = emit(env, 'Mul', [large, length]);
  const infinite = env.graph.op('Or', [emit(env, 'IsInf', [x]), emit(env, 'IsInf', [y])]);
  const special = where(env, isZero(env, large), large, scaled);
  return where(env, infinite, constantLike(env, Infinity, a), special);
};

/** log(exp(a) + exp(b)). */
const logAddExp =
  (base: number): Combine =>
  (env, a, b) => {
    const scale = constantLike(env, Math.log(base), a);
    const large = emit(env, 'Max', [a, b]);
    const gap = emit(env, 'Neg', [emit(env, 'Abs', [emit(env, 'Sub', [a, b])])]);
    const small = base === Math.E ? gap : emit(env, 'Mul', [gap, scale]);
    const log = log1p(env, emit(env, 'Exp', [small]));
    const sum = emit(env, 'Add', [large, base === Math.E ? log : emit(env, 'Div', [log, scale])]);
    // inf - inf is NaN, so equal values are treated separately.
    return where(env, env.graph.op('Equal', [a, b]), equalPair(env, a, base), sum);
  };

const equalPair = (env: TorchEnv, a: GraphValue, base: number): GraphValue =>
  emit(env, 'Add', [a, constantLike(env, Math.LN2 / Math.log(base), a)]);

const expm1: Formula = (env, x) => {
  const half = emit(env, 'Mul', [x, constantLike(env, 0.5, x)]);
  const sum = emit(env, 'Add', [emit(env, 'Exp', [x]), constantLike(env, 1, x)]);
  return emit(env, 'Mul', [emit(env, 'Tanh', [half]), sum]);
};

/** log(1 + x). Near 0 the sum would lose digits of x, so it is 2 atanh(x / (2 + x)) there. */
const log1p: Formula = (env, x) => {
  const two = constantLike(env, 2, x);
  const ratio = emit(env, 'Div', [x, emit(env, 'Add', [x, two])]);
  const near = emit(env, 'Mul', [two, emit(env, 'Atanh', [ratio])]);
  const far = emit(env, 'Log', [emit(env, 'Add', [x, constantLike(env, 1, x)])]);
  const small = emit(env, 'Less', [emit(env, 'Abs', [x]), constantLike(env, 0.5, x)]);
  return where(env, small, near, far);
};

const logOf =
  (base: number): Formula =>
  (env, x) =>
    emit(env, 'Mul', [emit(env, 'Log', [x]), constantLike(env, 1 / Math.log(base), x)]);

const times =
  (factor: number): Formula =>
  (env, x) =>
    emit(env, 'Mul', [x, constantLike(env, factor, x)]);

const sinc: Formula = (env, x) => {
  const angle = emit(env, 'Mul', [x, constantLike(env, Math.PI, x)]);
  const ratio = emit(env, 'Div', [emit(env, 'Sin', [angle]), angle]);
  return where(env, isZero(env, x), constantLike(env, 1, x), ratio);
};

const absolute = fn('input', (env, args) => {
  const x = args.tensor('input');
  if (x.dtype === 'bool') throw env.ctx.raise('RuntimeError', 'abs() is not implemented for bool');
  return x.dtype === 'uint8' ? x : env.tensor(emit(env, 'Abs', [x.value]), x.dtype);
});

const sign = fn('input', (env, args) => {
  const x = args.tensor('input');
  if (x.dtype === 'bool') return x;
  const result = emit(env, 'Sign', [x.value]);
  if (!isFloating(x.dtype)) return env.tensor(result, x.dtype);
  // In torch NaN is neither above nor below 0.
  const nan = emit(env, 'IsNaN', [x.value]);
  return env.tensor(where(env, nan, constantLike(env, 0, result), result), x.dtype);
});

const clamp = fn('input, min=, max=', (env, args) => {
  const x = args.tensor('input');
  const [low, high] = ['min', 'max'].map((name) =>
    args.has(name) ? operand(env, args, name) : undefined,
  );
  if (low === undefined && high === undefined) {
    throw env.ctx.raise(
      'RuntimeError',
      "torch.clamp: At least one of 'min' or 'max' must not be None",
    );
  }
  const bounds = [low, high].filter((bound) => bound !== undefined);
  const { dtype, values } = promoted(env, [x, ...bounds]);
  if (dtype === 'bool') throw env.ctx.raise('RuntimeError', 'clamp() is not implemented for bool');
  const least = low === undefined ? undefined : values[1];
  const most = high === undefined ? undefined : values.at(-1);
  // Clip ignores a bound that is NaN.
  const isPlain = (bound: GraphValue): boolean =>
    bound.rank === 0 && bound.known !== undefined && !Number.isNaN(bound.known[0]);
  if (least && most && isPlain(least) && isPlain(most)) {
    return env.tensor(clipped(env, values[0]!, least, most), dtype);
  }
  let result = values[0]!;
  if (least) result = emit(env, 'Max', [result, least]);
  if (most) result = emit(env, 'Min', [result, most]);
  return env.tensor(result, dtype);
});

const clipped = (env: TorchEnv, x: GraphValue, low: GraphValue, high: GraphValue): GraphValue =>
  emit(env, 'Clip', [x, low, high]);

const clampOne = (op: 'Max' | 'Min', name: string): TorchFunction =>
  fn(`input, ${name}`, (env, args) =>
    both(env, args.tensor('input'), operand(env, args, name), op2(op)),
  );

const round = fn('input, *, decimals=', (env, args) => {
  const x = args.tensor('input');
  const decimals = args.int('decimals', 0);
  if (!isFloating(x.dtype)) {
    if (decimals === 0) return x;
    throw env.ctx.raise('RuntimeError', 'round with decimals is not implemented for integers');
  }
  if (decimals === 0) return env.tensor(emit(env, 'Round', [x.value]), x.dtype);
  const scale = constantLike(env, 10 ** Math.abs(decimals), x.value);
  const [before, after] = decimals > 0 ? (['Mul', 'Div'] as const) : (['Div', 'Mul'] as const);
  const whole = emit(env, 'Round', [emit(env, before, [x.value, scale])]);
  return env.tensor(emit(env, after, [whole, scale]), x.dtype);
});

/** input + value * a (op) b. */
const fused = (op: 'Mul' | 'Div'): TorchFunction =>
  fn('input, tensor1, tensor2, *, value=', (env, args) => {
    const value = args.has('value') ? operand(env, args, 'value') : 1n;
    const operands = ['input', 'tensor1', 'tensor2'].map((name) => args.tensor(name));
    const { dtype, values } = promoted(env, operands);
    if (op === 'Div' && !isFloating(dtype)) {
      throw env.ctx.raise('RuntimeError', 'Integer division with addcdiv is no longer supported');
    }
    let [, a] = values;
    if (Number(value) !== 1) a = emit(env, 'Mul', [a!, env.operand(value, dtype)]);
    const term = emit(env, op, [a!, values[2]!]);
    return env.tensor(emit(env, 'Add', [values[0]!, term]), dtype);
  });

const lerp = fn('input, end, weight', (env, args) => {
  const operands = [args.tensor('input'), args.tensor('end'), operand(env, args, 'weight')];
  const { dtype, values } = promoted(env, operands);
  if (!isFloating(dtype))
    throw env.ctx.raise('RuntimeError', 'lerp is not implemented for integers');
  const [start, end, weight] = values as [GraphValue, GraphValue, GraphValue];
  const gap = emit(env, 'Mul', [weight, emit(env, 'Sub', [end, start])]);
  return env.tensor(emit(env, 'Add', [start, gap]), dtype);
});

const nanToNum = fn('input, nan=, posinf=, neginf=', (env, args) => {
  const x = args.tensor('input');
  if (!isFloating(x.dtype)) return x;
  const { value } = x;
  const most = x.dtype === 'float64' ? Number.MAX_VALUE : 3.4028234663852886e38;
  const infinite = (which: 'detect_positive' | 'detect_negative'): GraphValue =>
    emit(env, 'IsInf', [value], { detect_positive: 0, detect_negative: 0, [which]: 1 });
  const put = (condition: GraphValue, number: number, otherwise: GraphValue): GraphValue =>
    where(env, condition, constantLike(env, number, value), otherwise);
  const finite = put(
    infinite('detect_negative'),
    args.float('neginf', -most),
    put(infinite('detect_positive'), args.float('posinf', most), value),
  );
  return env.tensor(put(emit(env, 'IsNaN', [value]), args.float('nan', 0), finite), x.dtype);
});

const logit = fn('input, eps=', (env, args) => {
  const { value, dtype } = asFloat(env, args.tensor('input'));
  const one = constantLike(env, 1, value);
  let x = value;
  if (args.has('eps')) {
    const eps = args.float('eps');
    x = clipped(env, x, constantLike(env, eps, x), constantLike(env, 1 - eps, x));
  }
  const odds = emit(env, 'Div', [x, emit(env, 'Sub', [one, x])]);
  return env.tensor(emit(env, 'Log', [odds]), dtype);
});

/** a * f(b), and 0 if a is 0. */
const timesLog = (formula: Formula): TorchFunction =>
  ofTwo((env, a, b) => {
    const product = emit(env, 'Mul', [a, formula(env, b)]);
    const zero = where(env, isZero(env, a), constantLike(env, 0, a), product);
    return where(env, emit(env, 'IsNaN', [b]), b, zero);
  }, 'float32');

/** The magnitude of one and the sign of the other. The sign of -0.0 shows in its reciprocal. */
const copysign: Combine = (env, a, b) => {
  const size = emit(env, 'Abs', [a]);
  const below = env.graph.op('Or', [negative(env, b), negative(env, emit(env, 'Reciprocal', [b]))]);
  return where(env, below, emit(env, 'Neg', [size]), size);
};

const heaviside = fn('input, values', (env, args) => {
  const { dtype, values } = promoted(env, [args.tensor('input'), args.tensor('values')]);
  const [x, at] = values as [GraphValue, GraphValue];
  const above = emit(env, 'Less', [constantLike(env, 0, x), x]);
  const step = env.graph.op('Cast', [above], { to: x.dtype });
  const nan = isFloatValue(x) ? where(env, emit(env, 'IsNaN', [x]), x, step) : step;
  return env.tensor(where(env, isZero(env, x), at, nan), dtype);
});

const negate = fn('input', (env, args) => {
  const x = args.tensor('input');
  if (x.dtype === 'bool') {
    throw env.ctx.raise(
      'RuntimeError',
      'Negation, the `-` operator, on a bool tensor is not supported',
    );
  }
  return env.tensor(emit(env, 'Neg', [x.value]), x.dtype);
});

/** Functions of each element, and of two tensors element by element. */
export const pointwise: TorchTable = {
  'torch.exp|Tensor.exp': native('Exp'),
  'torch.log|Tensor.log': native('Log'),
  'torch.sqrt|Tensor.sqrt': native('Sqrt'),
  'torch.sin|Tensor.sin': native('Sin'),
  'torch.cos|Tensor.cos': native('Cos'),
  'torch.tan|Tensor.tan': native('Tan'),
  'torch.asin|torch.arcsin|Tensor.asin|Tensor.arcsin': native('Asin'),
  'torch.acos|torch.arccos|Tensor.acos|Tensor.arccos': native('Acos'),
  'torch.atan|torch.arctan|Tensor.atan|Tensor.arctan': native('Atan'),
  'torch.sinh|Tensor.sinh': native('Sinh'),
  'torch.cosh|Tensor.cosh': native('Cosh'),
  'torch.tanh|Tensor.tanh': native('Tanh'),
  'torch.asinh|torch.arcsinh|Tensor.asinh|Tensor.arcsinh': native('Asinh'),
  'torch.acosh|torch.arccosh|Tensor.acosh|Tensor.arccosh': native('Acosh'),
  'torch.atanh|torch.arctanh|Tensor.atanh|Tensor.arctanh': native('Atanh'),
  'torch.sigmoid|Tensor.sigmoid|torch.special.expit': native('Sigmoid'),
  'torch.reciprocal|Tensor.reciprocal': native('Reciprocal'),
  'torch.rsqrt|Tensor.rsqrt': ofFloats((env, x) =>
    emit(env, 'Reciprocal', [emit(env, 'Sqrt', [x])]),
  ),
  'torch.expm1|Tensor.expm1|torch.special.expm1': ofFloats(expm1),
  'torch.log1p|Tensor.log1p|torch.special.log1p': ofFloats(log1p),
  'torch.exp2|Tensor.exp2|torch.special.exp2': ofFloats((env, x) =>
    emit(env, 'Pow', [constantLike(env, 2, x), x]),
  ),
  'torch.log2|Tensor.log2': ofFloats(logOf(2)),
  'torch.log10|Tensor.log10': ofFloats(logOf(10)),
  'torch.sinc|Tensor.sinc|torch.special.sinc': ofFloats(sinc),
  'torch.deg2rad|Tensor.deg2rad': ofFloats(times(Math.PI / 180)),
  'torch.rad2deg|Tensor.rad2deg': ofFloats(times(180 / Math.PI)),
  'torch.logit|Tensor.logit|torch.special.logit': logit,
  'torch.square|Tensor.square': fn('input', (env, args) => pow(env, args.tensor('input'), 2n)),
  'torch.abs|torch.absolute|Tensor.abs|Tensor.absolute|Tensor.__abs__': absolute,
  'torch.neg|torch.negative|Tensor.neg|Tensor.negative': negate,
  'torch.positive|Tensor.positive': fn('input', (_, args) => args.tensor('input')),
  'torch.sign|torch.sgn|Tensor.sign|Tensor.sgn': sign,

  'torch.ceil|Tensor.ceil': rounding('Ceil'),
  'torch.floor|Tensor.floor': rounding('Floor'),
  'torch.round|Tensor.round|torch.special.round': round,
  'torch.trunc|torch.fix|Tensor.trunc|Tensor.fix': fn('input', (env, args) => {
    const x = args.tensor('input');
    return isFloating(x.dtype) ? env.tensor(trunc(env, x.value), x.dtype) : x;
  }),
  'torch.frac|Tensor.frac': fn('input', (env, args) => {
    const x = args.tensor('input');
    if (!isFloating(x.dtype))
      throw env.ctx.raise('RuntimeError', 'frac is not implemented for integers');
    return env.tensor(emit(env, 'Sub', [x.value, trunc(env, x.value)]), x.dtype);
  }),

  'torch.add|Tensor.add': addition('Add'),
  'torch.sub|torch.subtract|Tensor.sub|Tensor.subtract': addition('Sub'),
  'torch.rsub': addition('Sub', true),
  'torch.mul|torch.multiply|Tensor.mul|Tensor.multiply': ofTwo(multiply),
  'torch.div|torch.divide|Tensor.div|Tensor.divide': divide,
  'torch.true_divide|Tensor.true_divide': ofTwo(op2('Div'), 'float32'),
  'torch.floor_divide|Tensor.floor_divide': ofTwo(floorDivide),
  'torch.remainder|Tensor.remainder': ofTwo(remainder),
  'torch.fmod|Tensor.fmod': ofTwo(fmod),
  'torch.pow|Tensor.pow': fn('input, exponent', (env, args) =>
    pow(env, operand(env, args, 'input'), operand(env, args, 'exponent')),
  ),
  'torch.float_power|Tensor.float_power': fn('input, exponent', (env, args) => {
    const operands = [operand(env, args, 'input'), operand(env, args, 'exponent')];
    const [a, b] = operands.map((one) => env.operand(one, 'float64'));
    return env.tensor(emit(env, 'Pow', [a!, b!]), 'float64');
  }),
  'torch.maximum|Tensor.maximum': ofTwo(extreme('Max')),
  'torch.minimum|Tensor.minimum': ofTwo(extreme('Min')),
  'torch.fmax|Tensor.fmax': ignoringNaN('Max'),
  'torch.fmin|Tensor.fmin': ignoringNaN('Min'),
  'torch.atan2|torch.arctan2|Tensor.atan2|Tensor.arctan2': ofTwo(atan2, 'float32'),
  'torch.hypot|Tensor.hypot': ofTwo(hypot),
  'torch.logaddexp|Tensor.logaddexp': ofTwo(logAddExp(Math.E)),
  'torch.logaddexp2|Tensor.logaddexp2': ofTwo(logAddExp(2)),
  'torch.xlogy|Tensor.xlogy|torch.special.xlogy': timesLog((env, x) => emit(env, 'Log', [x])),
  'torch.special.xlog1py': timesLog(log1p),
  'torch.copysign|Tensor.copysign': ofTwo(copysign, 'float32'),
  'torch.ldexp|Tensor.ldexp': ofTwo(
    (env, a, b) => emit(env, 'Mul', [a, emit(env, 'Pow', [constantLike(env, 2, b), b])]),
    'float32',
  ),
  'torch.heaviside|Tensor.heaviside': heaviside,
  'torch.lerp|Tensor.lerp': lerp,
  'torch.addcmul|Tensor.addcmul': fused('Mul'),
  'torch.addcdiv|Tensor.addcdiv': fused('Div'),
  'torch.clamp|torch.clip|Tensor.clamp|Tensor.clip': clamp,
  'torch.clamp_min|Tensor.clamp_min': clampOne('Max', 'min'),
  'torch.clamp_max|Tensor.clamp_max': clampOne('Min', 'max'),
  'torch.nan_to_num|Tensor.nan_to_num': nanToNum,
};
