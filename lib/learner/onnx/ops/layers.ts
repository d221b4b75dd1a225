import type { Dim, Shape, ValueType } from '../graph.js';
import type { OpCall, OpSchema } from './schema.js';

function matMulShape(call: OpCall): Shape {
  const [a, b] = [call.input(0).shape, call.input(1).shape];
  if (!a || !b) return undefined;
  if (a.length < 1 || b.length < 1) call.fail('MatMul takes rank 1 or more');
  const inner = b.length === 1 ? b[0] : b.at(-2);
  call.unify(a.at(-1) ?? null, inner ?? null, 'the inner sizes');
  const lead = call.broadcast(a.slice(0, -2), b.slice(0, -2));
  const rows = a.length === 1 ? [] : [a.at(-2) ?? null];
  const columns = b.length === 1 ? [] : [b.at(-1) ?? null];
  return lead && [...lead, ...rows, ...columns];
}

function gemm(call: OpCall): ValueType[] {
  const dtype = call.expectSame();
  const [a, b] = [call.expectRank(0, 2), call.expectRank(1, 2)];
  const [transA, transB] = [call.int('transA', 0) === 1, call.int('transB', 0) === 1];
  const dim = (shape: Shape, index: number): Dim => shape?.[index] ?? null;
  call.unify(dim(a.shape, transA ? 0 : 1), dim(b.shape, transB ? 1 : 0), 'the inner sizes');
  const shape = [dim(a.shape, transA ? 1 : 0), dim(b.shape, transB ? 0 : 1)];
  if (call.inputs[2]) call.broadcast(shape, call.input(2).shape);
  return [{ dtype, shape }];
}

function normalization(
  scaleDim: (shape: readonly Dim[]) => Dim,
  operands: number,
): OpSchema['infer'] {
  return (call) => {
    const { dtype, shape } = call.input(0);
    call.expectSame();
    for (let i = 1; i < operands; i++) {
      const size = call.inputs[i]?.shape?.at(-1);
      if (shape && size !== undefined) call.unify(scaleDim(shape), size, 'channels and weights');
    }
    return [{ dtype, shape }];
  };
}

/** LSTM, GRU and RNN: `gates` blocks of rows in each weight. */
function recurrent(gates: number, states: number): OpSchema {
  return {
    inputs: [3, 8],
    attributes: {
      hidden_size: 'int',
      direction: 'string',
      activations: 'strings',
      linear_before_reset: 'int',
    },
    infer: (call) => {
      const [x, w, r] = [call.expectRank(0, 3), call.expectRank(1, 3), call.expectRank(2, 3)];
      const hidden = call.int('hidden_size', 0);
      const directions = call.attributes['direction'] === 'bidirectional' ? 2 : 1;
      call.expect(0, 'float32');
      call.unify(
        x.shape?.[2] ?? null,
        w.shape?.[2] ?? null,
        'the input and the columns of its weight',
      );
      call.unify(w.shape?.[1] ?? null, gates * hidden, 'the rows of the input weight');
      call.unify(r.shape?.[1] ?? null, gates * hidden, 'the rows of the recurrent weight');
      call.unify(r.shape?.[2] ?? null, hidden, 'the columns of the recurrent weight');
      if (call.inputs[3]) {
        call.unify(call.input(3).shape?.[1] ?? null, 2 * gates * hidden, 'the two biases');
      }
      const [steps, batch] = [x.shape?.[0] ?? null, x.shape?.[1] ?? null];
      const state: ValueType = { dtype: 'float32', shape: [directions, batch, hidden] };
      return [
        { dtype: 'float32', shape: [steps, directions, batch, hidden] },
        ...Array.from({ length: states }, () => state),
      ];
    },
  };
}

/** Operators with weights. */
export const layerOps: Readonly<Record<string, OpSchema>> = {
  MatMul: {
    inputs: [2, 2],
    infer: (call) => [{ dtype: call.expectSame(), shape: matMulShape(call) }],
  },
  Gemm: {
    inputs: [2, 3],
    attributes: { alpha: 'float', beta: 'float', transA: 'int', transB: 'int' },
    infer: gemm,
  },
  /** The author of the equation knows the sizes. */
  Einsum: {
    inputs: [1, Infinity],
    attributes: { equation: 'string' },
    infer: (call) => [{ dtype: call.expectSame(), shape: undefined }],
  },
  BatchNormalization: {
    inputs: [5, 5],
    attributes: { epsilon: 'float', momentum: 'float', training_mode: 'int' },
    infer: normalization((shape) => shape[1] ?? null, 5),
  },
  LayerNormalization: {
    inputs: [2, 3],
    attributes: { axis: 'int', epsilon: 'float', stash_type: 'int' },
    infer: normalization((shape) => shape.at(-1) ?? null, 3),
  },
  LSTM: recurrent(4, 2),
  GRU: recurrent(3, 1),
  RNN: recurrent(1, 1),
};
