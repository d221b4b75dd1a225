import type { Module } from '../../torch/module.js';
import { PyPartial, qualifiedNameOf, type PyValue } from '../../torch/python.js';
import type { Value } from '../graph.js';
import type { LoweringContext } from './context.js';

type Emit = (ctx: LoweringContext, x: Value) => Value;

export const single =
  (op: string): Emit =>
  ({ graph }, x) =>
    graph.op(op, [x]);

export const silu: Emit = ({ graph }, x) => graph.op('Mul', [x, graph.op('Sigmoid', [x])]);

export const mish: Emit = ({ graph }, x) =>
  graph.op('Mul', [x, graph.op('Tanh', [graph.op('Softplus', [x])])]);

/** relu6(x + 3) / 6. */
export const hardSigmoid: Emit = ({ graph }, x) =>
  graph.op('HardSigmoid', [x], { alpha: 1 / 6, beta: 0.5 });

/** sigmoid(x) * (high - low) + low. */
export function sigmoidBetween(
  { graph }: LoweringContext,
  x: Value,
  low: number,
  high: number,
): Value {
  const scaled = graph.op('Mul', [graph.op('Sigmoid', [x]), graph.scalar(high - low)]);
  return graph.op('Add', [scaled, graph.scalar(low)]);
}

/** The exact GELU, 0.5 x (1 + erf(x / sqrt 2)). */
export const gelu: Emit = ({ graph }, x) => {
  const half = graph.op('Mul', [x, graph.scalar(0.5)]);
  const one = graph.scalar(1);
  const error = graph.op('Erf', [graph.op('Mul', [x, graph.scalar(Math.SQRT1_2)])]);
  return graph.op('Mul', [half, graph.op('Add', [error, one])]);
};

/** GELU's approximation by tanh. */
export const geluTanh: Emit = ({ graph }, x) => {
  const half = graph.op('Mul', [x, graph.scalar(0.5)]);
  const one = graph.scalar(1);
  const square = graph.op('Mul', [x, x]);
  const cubic = graph.op('Mul', [x, graph.op('Mul', [square, graph.scalar(0.044715)])]);
  const sum = graph.op('Add', [x, cubic]);
  const inner = graph.op('Mul', [sum, graph.scalar(Math.sqrt(2 / Math.PI))]);
  return graph.op('Mul', [half, graph.op('Add', [graph.op('Tanh', [inner]), one])]);
};

/** Functions of one tensor, by the name under which they are pickled. */
const functions: ReadonlyMap<string, Emit> = new Map<string, Emit>([
  ['relu', single('Relu')],
  ['relu_', single('Relu')],
  ['sigmoid', single('Sigmoid')],
  ['sigmoid_', single('Sigmoid')],
  ['tanh', single('Tanh')],
  ['gelu', gelu],
  ['silu', silu],
  ['swish', silu],
  ['mish', mish],
  ['hardswish', single('HardSwish')],
  ['hardsigmoid', hardSigmoid],
  ['hard_swish', single('HardSwish')],
  ['hard_sigmoid', hardSigmoid],
  ['gelu_tanh', geluTanh],
  ['noop', (_, x) => x],
]);

const homes = /^(torch|fastai|fastcore|fasttransform|timm|torchvision)\./;

/** Whether {@link lowerActivationFunction} knows the function. */
function isActivationFunction(func: PyValue | undefined): boolean {
  if (func instanceof PyPartial) {
    const plain =
      func.args.length === 0 && [...func.kwargs.keys()].every((key) => key === 'inplace');
    return plain && isActivationFunction(func.func);
  }
  return emitOf(func) !== undefined;
}

/** A layer around a function that is not known by its name: the file may have its code. */
export function callsUnknownFunction(module: Module): boolean {
  return (
    /^fastai\.layers\.(Partial)?Lambda$/.test(module.className) &&
    !isActivationFunction(module.attr('func'))
  );
}

function emitOf(func: PyValue | undefined): Emit | undefined {
  // torch's own functions are pickled as attributes of a class of torch._C.
  const name = qualifiedNameOf(func);
  if (name === undefined || !homes.test(name)) return undefined;
  return functions.get(name.slice(name.lastIndexOf('.') + 1));
}

/** Applies a function of torch, fastai or timm to a tensor; undefined for any other function. */
export function lowerActivationFunction(
  ctx: LoweringContext,
  func: PyValue | undefined,
  x: Value,
): Value | undefined {
  if (!isActivationFunction(func)) return undefined;
  return emitOf(func instanceof PyPartial ? func.func : func)?.(ctx, x);
}
