import type { Value } from '../../graph.js';
import { lazyTensorData } from '../../tensor-data.js';
import { boolAttr, intAttr, malformed } from '../attributes.js';
import type { Lowering, LoweringContext } from '../context.js';
import type { LoweringFamily } from '../lowering.js';
import { useRawWeights } from '../recurrent.js';

const weightDropoutName = 'fastai.text.models.awdlstm.WeightDropout';

/**
 * A forward QRNN of one layer, a part of AWD_QRNN: [batch, length, width] to outputs and the last
 * state. AWD_QRNN carries the state and the last input from chunk to chunk, so a sequence need not
 * be cut.
 *
 * A QRNN is a GRU without recurrent weights, whose update gate is one minus the forget gate.
 */
const lowerQrnn: Lowering = (module, ctx, inputs) => {
  const { graph } = ctx;
  if (inputs.length !== 1) throw ctx.unsupported(module, 'it continues from a given state');
  const swap = (value: Value): Value => graph.op('Transpose', [value], { perm: [1, 0, 2] });
  const x = swap(ctx.value(module, inputs));
  const layer = ctx.child(ctx.child(module, 'layers'), '0');
  const window = intAttr(layer, 'window', 1);
  const isKnown =
    intAttr(module, 'n_layers', 1) === 1 &&
    !boolAttr(module, 'bidirectional', false) &&
    (window === 1 || (window === 2 && boolAttr(layer, 'save_prev_x', false))) &&
    boolAttr(layer, 'output_gate', true) &&
    boolAttr(module, 'batch_first', true) &&
    !boolAttr(layer, 'backward', false);
  if (!isKnown)
    throw ctx.unsupported(module, 'AWD_QRNN needs QRNNs of one layer that read forward');
  const held = ctx.child(layer, 'linear');
  const linear = held.className === weightDropoutName ? useRawWeights(held, ctx) : held;
  const weight = ctx.requiredTensor(linear, 'weight');
  const bias = ctx.requiredTensor(linear, 'bias');
  const [rows = 0, columns = 0] = weight.shape;
  const hidden = rows / 3;
  if (weight.shape.length !== 2 || !Number.isInteger(hidden) || bias.shape[0] !== rows) {
    throw malformed(linear, `its weight is of shape [${weight.shape.join(', ')}]`);
  }
  const source = window === 2 ? withShifted(ctx, x) : x;
  // In the file: input, forget and output gate. In ONNX: update, reset (not used) and hidden.
  const gates = (from: Float32Array, width: number): Float32Array => {
    const result = new Float32Array(rows * width);
    const size = hidden * width;
    for (let i = 0; i < size; i++) result[i] = -from[size + i]!;
    result.set(from.subarray(0, size), 2 * size);
    return result;
  };
  const zeros = (length: number) => new Float32Array(length);
  const [outputs, last] = graph.ops(
    'GRU',
    [
      source,
      graph.weights(
        lazyTensorData('float32', [1, rows, columns], () => gates(weight.toFloat32(), columns)),
      ),
      graph.weights(lazyTensorData('float32', [1, rows, hidden], () => zeros(rows * hidden))),
      graph.constant(Float32Array.of(...gates(bias.toFloat32(), 1), ...zeros(rows)), 'float32', [
        1,
        2 * rows,
      ]),
    ],
    { hidden_size: hidden, direction: 'forward', linear_before_reset: 0 },
  );
  const outer = graph.weights(
    lazyTensorData('float32', [columns, hidden], () => outputGate(weight.toFloat32(), columns)),
  );
  const outerBias = graph.constant(bias.toFloat32().slice(2 * hidden), 'float32', [hidden]);
  const gate = graph.op('Sigmoid', [
    graph.op('Add', [graph.op('MatMul', [source, outer]), outerBias]),
  ]);
  const states = graph.op('Squeeze', [outputs!, graph.axes(1)]);
  return [swap(graph.op('Mul', [gate, states])), last!];
};

/** The last third of the rows, transposed. */
function outputGate(weight: Float32Array, columns: number): Float32Array {
  const hidden = weight.length / columns / 3;
  const result = new Float32Array(hidden * columns);
  for (let row = 0; row < hidden; row++) {
    for (let column = 0; column < columns; column++) {
      result[column * hidden + row] = weight[(2 * hidden + row) * columns + column]!;
    }
  }
  return result;
}

/** Each step concatenated with the previous one, which is zeros at the beginning. */
function withShifted({ graph }: LoweringContext, x: Value): Value {
  const first = graph.op('Slice', [x, graph.axes(0), graph.axes(1), graph.axes(0)]);
  const before = graph.op('Slice', [x, graph.axes(0), graph.axes(-1), graph.axes(0)]);
  const shifted = graph.op('Concat', [graph.op('Mul', [first, graph.scalar(0)]), before], {
    axis: 0,
  });
  return graph.op('Concat', [x, shifted], { axis: 2 });
}

/** The layers of AWD_QRNN, which fastai had up to 2.3. */
export const qrnns: LoweringFamily = {
  lowerings: { 'fastai.text.models.qrnn': { QRNN: lowerQrnn } },
};
