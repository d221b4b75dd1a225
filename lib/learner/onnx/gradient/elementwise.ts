import type { Value } from '../graph.js';
import type { Derivation, Gradient } from './derivation.js';

type Table = Readonly<Record<string, Gradient>>;

/** An operator of one tensor, with its derivative. */
const unary =
  (derivative: (d: Derivation, x: Value, y: Value) => Value | number): Gradient =>
  (d) =>
    d.mul(d.dy, derivative(d, d.x, d.y));

const above = (d: Derivation, x: Value, limit: number): Value =>
  d.graph.op('Greater', [x, d.graph.scalar(limit)]);

const below = (d: Derivation, x: Value, limit: number): Value =>
  d.graph.op('Less', [x, d.graph.scalar(limit)]);

/** 1 between the limits, excluding both, as in torch. */
const between = (d: Derivation, x: Value, low: number, high: number): Value =>
  d.mul(d.mask(above(d, x, low)), d.mask(below(d, x, high)));

const oneMinus = (d: Derivation, x: Value): Value => d.op('Sub', [1, x]);

/** The slope of a function that is `x` above 0, and `of(x, y)` below. */
const bent = (of: (d: Derivation, x: Value, y: Value) => Value | number): Gradient =>
  unary((d, x, y) => {
    const slope = of(d, x, y);
    const other = typeof slope === 'number' ? d.graph.scalar(slope) : slope;
    return d.op('Where', [above(d, x, 0), 1, other]);
  });

const byBoth = (left: Gradient, right: Gradient): Gradient => {
  return (d) => d.gathered((d.index === 0 ? left : right)(d), d.x);
};

const swapped: Gradient = (d) => d.mul(d.dy, d.operand(1 - d.index));

/** Only the base has a gradient: exponents are constants of a model. */
const power: Gradient = (d) => {
  if (d.index !== 0) return d.refuse('its exponent depends on the features');
  const exponent = d.operand(1);
  const slope = d.mul(exponent, d.op('Pow', [d.x, d.op('Sub', [exponent, 1])]));
  return d.gathered(d.mul(d.dy, slope), d.x);
};

/** Clip's limits are constants. */
const clip: Gradient = (d) => {
  const limit = (index: number, absent: number): number => {
    const value = d.step.inputs[index];
    if (!value) return absent;
    return value.known?.[0] ?? d.refuse('its limits are unknown');
  };
  const [low, high] = [limit(1, -Infinity), limit(2, Infinity)];
  return d.mul(d.dy, between(d, d.x, low, high));
};

/** HardSwish is 0 up to -3, x from 3 on, and x (x + 3) / 6 between them. */
const hardSwish = unary((d, x) => {
  const middle = d.op('Add', [d.op('Div', [x, 3]), 0.5]);
  const upper = d.op('Where', [above(d, x, 3), 1, middle]);
  return d.mul(upper, d.mask(above(d, x, -3)));
});

const where: Gradient = (d) => {
  const zero = d.graph.scalar(0);
  const branches = d.index === 1 ? [d.dy, zero] : [zero, d.dy];
  return d.gathered(d.graph.op('Where', [d.operand(0), ...branches]), d.x);
};

/** y (dy - sum of y dy) along the axis. */
const softmax: Gradient = (d) => {
  const axes = d.graph.axes(d.number('axis', -1));
  const sum = d.graph.op('ReduceSum', [d.mul(d.y, d.dy), axes], { keepdims: 1 });
  return d.mul(d.y, d.op('Sub', [d.dy, sum]));
};

const logSoftmax: Gradient = (d) => {
  const axes = d.graph.axes(d.number('axis', -1));
  const sum = d.graph.op('ReduceSum', [d.dy, axes], { keepdims: 1 });
  return d.op('Sub', [d.dy, d.mul(d.op('Exp', [d.y]), sum)]);
};

/** Operators that work on each element, and their gradients. */
export const elementwise: Table = {
  Identity: (d) => d.dy,
  Cast: (d) => (d.x.dtype === 'float32' ? d.dy : d.refuse(`it takes ${d.x.dtype}`)),
  Neg: (d) => d.op('Neg', [d.dy]),
  Relu: unary((d, x) => d.mask(above(d, x, 0))),
  Sigmoid: unary((d, _, y) => d.mul(y, oneMinus(d, y))),
  Tanh: unary((d, _, y) => oneMinus(d, d.mul(y, y))),
  Erf: unary((d, x) => d.mul(d.op('Exp', [d.op('Neg', [d.mul(x, x)])]), 2 / Math.sqrt(Math.PI))),
  Exp: unary((_, __, y) => y),
  Sqrt: unary((d, _, y) => d.op('Div', [0.5, y])),
  Softplus: unary((d, x) => d.op('Sigmoid', [x])),
  HardSigmoid: unary((d, _, y) => d.mul(between(d, y, 0, 1), d.number('alpha', 0.2))),
  HardSwish: hardSwish,
  LeakyRelu: bent((d) => d.number('alpha', 0.01)),
  Elu: bent((d, _, y) => d.op('Add', [y, d.number('alpha', 1)])),
  Clip: clip,
  Softmax: softmax,
  LogSoftmax: logSoftmax,
  Add: byBoth(
    (d) => d.dy,
    (d) => d.dy,
  ),
  Sub: byBoth(
    (d) => d.dy,
    (d) => d.op('Neg', [d.dy]),
  ),
  Mul: byBoth(swapped, swapped),
  Div: byBoth(
    (d) => d.op('Div', [d.dy, d.operand(1)]),
    (d) => d.op('Neg', [d.op('Div', [d.mul(d.dy, d.y), d.operand(1)])]),
  ),
  Pow: power,
  Where: where,
};
