import type { Value as GraphValue } from '../../graph.js';
import type { TorchEnv } from '../env.js';
import type { TorchFunction, TorchTable } from '../table.js';
import { cast, constantLike, emit, where } from './emit.js';
import { ofFloats, type Formula } from './pointwise.js';

const multiply = (env: TorchEnv, a: GraphValue, b: GraphValue): GraphValue =>
  emit(env, 'Mul', [a, b]);
const add = (env: TorchEnv, a: GraphValue, b: GraphValue): GraphValue => emit(env, 'Add', [a, b]);
const subtract = (env: TorchEnv, a: GraphValue, b: GraphValue): GraphValue =>
  emit(env, 'Sub', [a, b]);
const divide = (env: TorchEnv, a: GraphValue, b: GraphValue): GraphValue =>
  emit(env, 'Div', [a, b]);

/** Coefficients, the highest power first. */
const polynomial = (env: TorchEnv, x: GraphValue, coefficients: readonly number[]): GraphValue =>
  coefficients
    .slice(1)
    .reduce(
      (sum, coefficient) => add(env, multiply(env, sum, x), constantLike(env, coefficient, x)),
      constantLike(env, coefficients[0]!, x),
    );

/** Computed in float64, because sums of large terms would lose too many digits. */
const precise = (formula: Formula): TorchFunction =>
  ofFloats((env, x) => cast(env, formula(env, cast(env, x, 'float64')), x.dtype));

/** A Chebyshev fit whose relative error is below 1.2e-7 everywhere. */
const erfc: Formula = (env, x) => {
  const size = emit(env, 'Abs', [x]);
  const one = constantLike(env, 1, x);
  const t = divide(env, one, add(env, one, multiply(env, size, constantLike(env, 0.5, x))));
  const fit = polynomial(
    env,
    t,
    [
      0.17087277, -0.82215223, 1.48851587, -1.13520398, 0.27886807, -0.18628806, 0.09678418,
      0.37409196, 1.00002368, -1.26551223,
    ],
  );
  const exponent = subtract(env, fit, multiply(env, size, size));
  const tail = multiply(env, t, emit(env, 'Exp', [exponent]));
  const negative = emit(env, 'Less', [x, constantLike(env, 0, x)]);
  return where(env, negative, subtract(env, constantLike(env, 2, x), tail), tail);
};

/** Giles's approximation in two ranges. */
const erfinv: Formula = (env, x) => {
  const one = constantLike(env, 1, x);
  const product = multiply(env, subtract(env, one, x), add(env, one, x));
  const w = emit(env, 'Neg', [emit(env, 'Log', [product])]);
  const near = polynomial(
    env,
    subtract(env, w, constantLike(env, 2.5, x)),
    [
      2.81022636e-8, 3.43273939e-7, -3.5233877e-6, -4.39150654e-6, 0.00021858087, -0.00125372503,
      -0.00417768164, 0.246640727, 1.50140941,
    ],
  );
  const far = polynomial(
    env,
    subtract(env, emit(env, 'Sqrt', [w]), constantLike(env, 3, x)),
    [
      -0.000200214257, 0.000100950558, 0.00134934322, -0.00367342844, 0.00573950773, -0.0076224613,
      0.00943887047, 1.00167406, 2.83297682,
    ],
  );
  const central = emit(env, 'Less', [w, constantLike(env, 5, x)]);
  const result = multiply(env, where(env, central, near, far), x);
  const end = emit(env, 'Equal', [emit(env, 'Abs', [x]), one]);
  return where(env, end, multiply(env, x, constantLike(env, Infinity, x)), result);
};

const LANCZOS = [
  676.5203681218851, -1259.1392167224028, 771.3234287776531, -176.6150291621406, 12.507343278686905,
  -0.13857109526572012, 9.984369578019572e-6, 1.5056327351493116e-7,
];

/** log |gamma(x)| for x >= 0.5, by Lanczos's sum. */
function logGammaAbove(env: TorchEnv, x: GraphValue): GraphValue {
  const z = subtract(env, x, constantLike(env, 1, x));
  const series = LANCZOS.reduce(
    (sum, coefficient, i) =>
      add(
        env,
        sum,
        divide(env, constantLike(env, coefficient, x), add(env, z, constantLike(env, i + 1, x))),
      ),
    constantLike(env, 0.9999999999998099, x),
  );
  const t = add(env, z, constantLike(env, 7.5, x));
  const power = multiply(env, add(env, z, constantLike(env, 0.5, x)), emit(env, 'Log', [t]));
  const sum = add(env, subtract(env, power, t), emit(env, 'Log', [series]));
  return add(env, sum, constantLike(env, Math.log(2 * Math.PI) / 2, x));
}

const lgamma: Formula = (env, x) => {
  const half = constantLike(env, 0.5, x);
  const below = emit(env, 'Less', [x, half]);
  const mirrored = where(env, below, subtract(env, constantLike(env, 1, x), x), x);
  const above = logGammaAbove(env, mirrored);
  const sine = emit(env, 'Abs', [sineOfPi(env, x)]);
  const reflected = subtract(
    env,
    constantLike(env, Math.log(Math.PI), x),
    emit(env, 'Log', [sine]),
  );
  const result = where(env, below, subtract(env, reflected, above), above);
  return where(env, emit(env, 'IsInf', [x]), constantLike(env, Infinity, x), result);
};

/** sin(pi x), exactly 0 at whole numbers. */
function sineOfPi(env: TorchEnv, x: GraphValue): GraphValue {
  const rest = subtract(
    env,
    x,
    multiply(
      env,
      constantLike(env, 2, x),
      emit(env, 'Round', [multiply(env, x, constantLike(env, 0.5, x))]),
    ),
  );
  const whole = emit(env, 'Equal', [rest, emit(env, 'Round', [rest])]);
  const sine = emit(env, 'Sin', [multiply(env, rest, constantLike(env, Math.PI, x))]);
  return where(env, whole, constantLike(env, 0, x), sine);
}

const SHIFT = 8;

/** The asymptotic series at x + SHIFT. The terms of the steps before it are added one by one. */
function digammaAbove(env: TorchEnv, x: GraphValue): GraphValue {
  let before = constantLike(env, 0, x);
  for (let i = 0; i < SHIFT; i++) {
    const place = add(env, x, constantLike(env, i, x));
    before = add(env, before, emit(env, 'Reciprocal', [place]));
  }
  const y = add(env, x, constantLike(env, SHIFT, x));
  const inverse = emit(env, 'Reciprocal', [y]);
  const square = multiply(env, inverse, inverse);
  const series = polynomial(env, square, [1 / 132, -1 / 240, 1 / 252, -1 / 120, 1 / 12, 0]);
  const log = subtract(
    env,
    emit(env, 'Log', [y]),
    multiply(env, inverse, constantLike(env, 0.5, x)),
  );
  return subtract(env, subtract(env, log, series), before);
}

const digamma: Formula = (env, x) => {
  const below = emit(env, 'Less', [x, constantLike(env, 0.5, x)]);
  const mirrored = where(env, below, subtract(env, constantLike(env, 1, x), x), x);
  const above = digammaAbove(env, mirrored);
  const sine = sineOfPi(env, x);
  const cosine = sineOfPi(env, add(env, x, constantLike(env, 0.5, x)));
  const cotangent = divide(env, multiply(env, cosine, constantLike(env, Math.PI, x)), sine);
  const result = where(env, below, subtract(env, above, cotangent), above);
  // At 0 torch answers -inf, at the other poles NaN.
  const pole = env.graph.op('And', [below, emit(env, 'Equal', [sine, constantLike(env, 0, x)])]);
  const atZero = emit(env, 'Equal', [x, constantLike(env, 0, x)]);
  const sign = emit(env, 'Neg', [emit(env, 'Reciprocal', [x])]);
  const special = where(env, atZero, sign, constantLike(env, NaN, x));
  return where(env, pole, special, result);
};

/** The normal distribution's probability up to x: half of erfc(-x / sqrt 2). */
const ndtr: Formula = (env, x) => {
  const scaled = multiply(env, x, constantLike(env, -Math.SQRT1_2, x));
  return multiply(env, erfc(env, scaled), constantLike(env, 0.5, x));
};

const ndtri: Formula = (env, x) => {
  const doubled = subtract(env, multiply(env, x, constantLike(env, 2, x)), constantLike(env, 1, x));
  return multiply(env, erfinv(env, doubled), constantLike(env, Math.SQRT2, x));
};

/** -x log x, 0 at 0 and -inf below. */
const entr: Formula = (env, x) => {
  const zero = constantLike(env, 0, x);
  const value = emit(env, 'Neg', [multiply(env, x, emit(env, 'Log', [x]))]);
  const atZero = where(env, emit(env, 'Equal', [x, zero]), zero, value);
  return where(env, emit(env, 'Less', [x, zero]), constantLike(env, -Infinity, x), atZero);
};

/** Mathematical functions that ONNX lacks, by formulas. */
export const specialFunctions: TorchTable = {
  'torch.erf|Tensor.erf|torch.special.erf': ofFloats((env, x) => emit(env, 'Erf', [x])),
  'torch.erfc|Tensor.erfc|torch.special.erfc': precise(erfc),
  'torch.erfinv|Tensor.erfinv|torch.special.erfinv': precise(erfinv),
  'torch.lgamma|Tensor.lgamma|torch.special.gammaln': precise(lgamma),
  'torch.digamma|Tensor.digamma|torch.special.digamma|torch.special.psi': precise(digamma),
  'torch.special.ndtr': precise(ndtr),
  'torch.special.ndtri': precise(ndtri),
  'torch.special.entr': ofFloats(entr),
};
