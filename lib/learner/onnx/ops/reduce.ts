import type { Dim, Shape } from '../graph.js';
import type { OpCall, OpSchema } from './schema.js';

function reduced(call: OpCall, axes: readonly number[] | undefined): Shape {
  const { shape } = call.input(0);
  const keep = call.int('keepdims', 1) === 1;
  if (!shape) return undefined;
  const drop = new Set(axes ? axes.map((axis) => call.axis(axis, shape.length)) : shape.keys());
  const sizes = shape.map((dim, i): Dim => (drop.has(i) ? 1 : dim));
  return keep ? sizes : sizes.filter((_, i) => !drop.has(i));
}

/** Until opset 18 the axes of every reduction but ReduceSum are an attribute. */
const byAttribute: OpSchema = {
  inputs: [1, 1],
  attributes: { axes: 'ints', keepdims: 'int' },
  infer: (call) => [{ dtype: call.input(0).dtype, shape: reduced(call, call.ints('axes')) }],
};

/** The first index of the largest or smallest element. */
const position: OpSchema = {
  inputs: [1, 1],
  attributes: { axis: 'int', keepdims: 'int', select_last_index: 'int' },
  infer: (call) => [{ dtype: 'int64', shape: reduced(call, [call.int('axis', 0)]) }],
};

/** Operators that reduce dimensions. */
export const reduceOps: Readonly<Record<string, OpSchema>> = {
  ReduceSum: {
    inputs: [1, 2],
    attributes: { keepdims: 'int', noop_with_empty_axes: 'int' },
    infer: (call) => [{ dtype: call.input(0).dtype, shape: reduced(call, call.inputs[1]?.known) }],
  },
  ArgMax: position,
  ArgMin: position,
  ReduceMin: byAttribute,
  ReduceProd: byAttribute,
  ReduceL1: byAttribute,
  ReduceSumSquare: byAttribute,
  ReduceLogSumExp: byAttribute,
  CumSum: {
    inputs: [2, 2],
    attributes: { exclusive: 'int', reverse: 'int' },
    infer: (call) => [call.input(0)],
  },
  /** The values and their indices. */
  TopK: {
    inputs: [2, 2],
    attributes: { axis: 'int', largest: 'int', sorted: 'int' },
    infer: (call) => {
      const { dtype, shape } = call.input(0);
      const size = call.expect(1, 'int64').known?.[0] ?? null;
      const axis = call.axis(call.int('axis', -1), shape?.length);
      const kept =
        axis === undefined ? undefined : shape?.map((dim, i) => (i === axis ? size : dim));
      return [
        { dtype, shape: kept },
        { dtype: 'int64', shape: kept },
      ];
    },
  },
  ReduceMax: byAttribute,
  ReduceMean: byAttribute,
  ReduceL2: byAttribute,
};
