import type { Module } from '../../torch/module.js';
import type { Tensor } from '../../torch/tensor.js';
import type { Value } from '../graph.js';
import { lazyTensorData } from '../tensor-data.js';
import { malformed } from './attributes.js';
import type { LoweringContext } from './context.js';

/** A kind of recurrent cell, and how ONNX orders the gates that torch stacks in its own order. */
export interface Cell {
  readonly op: 'LSTM' | 'GRU' | 'RNN';
  /** For each ONNX gate, torch's index of it. */
  readonly gates: readonly number[];
  /** For each ONNX gate, the weight of a reset: closed gates forget everything and pass nothing. */
  readonly resetWeights?: readonly number[];
}

// Far larger than any sum of inputs and weights, and far from overflow.
const closed = -1e4;

/** torch: input, forget, cell, output; ONNX: input, output, forget, cell. */
export const lstmCell: Cell = {
  op: 'LSTM',
  gates: [0, 3, 1, 2],
  resetWeights: [closed, closed, closed, 0],
};
/** torch: reset, update, new; ONNX: update, reset, hidden. */
export const gruCell: Cell = { op: 'GRU', gates: [1, 0, 2] };
export const rnnCell: Cell = { op: 'RNN', gates: [0] };

/** The operands of an ONNX recurrent operator after its input. */
export interface RecurrentWeights {
  readonly input: Value;
  readonly recurrent: Value;
  readonly bias: Value | undefined;
  readonly hidden: number;
}

/**
 * The weights of one layer of a `torch.nn` recurrent module, for one direction or both.
 *
 * @param suffixes `_l0`, `_l0_reverse`: one for each direction.
 * @param withReset adds an input column that, where it is 1, empties the state and gives output 0.
 */
export function recurrentWeights(
  module: Module,
  ctx: LoweringContext,
  cell: Cell,
  suffixes: readonly string[],
  withReset = false,
): RecurrentWeights {
  return ctx.once(module, `recurrent${suffixes.join()}${withReset}`, () =>
    weightsOf(module, ctx, cell, suffixes, withReset),
  );
}

function weightsOf(
  module: Module,
  ctx: LoweringContext,
  cell: Cell,
  suffixes: readonly string[],
  withReset: boolean,
): RecurrentWeights {
  const tensors = (name: string): Tensor[] =>
    suffixes.map((suffix) => ctx.requiredTensor(module, `${name}${suffix}`));
  const [ih, hh] = [tensors('weight_ih'), tensors('weight_hh')];
  const hidden = hh[0]?.shape[1] ?? 0;
  const inputs = ih[0]?.shape[1] ?? 0;
  const rows = cell.gates.length * hidden;
  for (const [weight, columns] of [
    ...ih.map((w) => [w, inputs] as const),
    ...hh.map((w) => [w, hidden] as const),
  ]) {
    if (weight.shape.length !== 2 || weight.shape[0] !== rows || weight.shape[1] !== columns) {
      throw malformed(
        module,
        `a weight is of shape [${weight.shape.join(', ')}], not [${rows}, ${columns}]`,
      );
    }
  }
  const extra = withReset ? cell.resetWeights : undefined;
  const { graph } = ctx;
  const matrix = (
    name: string,
    sources: Tensor[],
    columns: number,
    added?: readonly number[],
  ): Value =>
    graph.weights(
      lazyTensorData('float32', [sources.length, rows, columns + (added ? 1 : 0)], () =>
        reordered(sources, cell, hidden, columns, added),
      ),
      name,
    );
  const hasBias = ctx.tensor(module, `bias_ih${suffixes[0]}`) !== null;
  const biases = (): Tensor[] =>
    suffixes.flatMap((suffix) => [
      ctx.requiredTensor(module, `bias_ih${suffix}`),
      ctx.requiredTensor(module, `bias_hh${suffix}`),
    ]);
  return {
    input: matrix(`weight_ih${suffixes[0]}`, ih, inputs, extra),
    recurrent: matrix(`weight_hh${suffixes[0]}`, hh, hidden),
    bias: hasBias
      ? graph.constant(reordered(biases(), cell, hidden, 1), 'float32', [suffixes.length, 2 * rows])
      : undefined,
    hidden,
  };
}

/** The sources concatenated, each with its row blocks in ONNX's order of gates. */
function reordered(
  sources: readonly Tensor[],
  cell: Cell,
  hidden: number,
  columns: number,
  added?: readonly number[],
): Float32Array {
  const width = columns + (added ? 1 : 0);
  const result = new Float32Array(sources.length * cell.gates.length * hidden * width);
  let end = 0;
  for (const source of sources) {
    const values = source.toFloat32();
    cell.gates.forEach((gate, i) => {
      const block = values.subarray(gate * hidden * columns, (gate + 1) * hidden * columns);
      const extra = added?.[i];
      if (extra === undefined) result.set(block, end);
      else {
        for (let row = 0; row < hidden; row++) {
          result.set(block.subarray(row * columns, (row + 1) * columns), end + row * width);
          result[end + row * width + columns] = extra;
        }
      }
      end += hidden * width;
    });
  }
  return result;
}
