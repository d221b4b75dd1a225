import type { Module } from '../../torch/module.js';
import { Value } from '../graph.js';
import { boolAttr, intAttr, stringAttr } from './attributes.js';
import type { Flow, Lowering, LoweringContext } from './context.js';
import type { LoweringFamily } from './lowering.js';
import {
  gruCell,
  lstmCell,
  recurrentWeights,
  rnnCell,
  type Cell,
  type RecurrentWeights,
} from './recurrent-weights.js';

/**
 * One layer over a time-major sequence [steps, batch, features]; onnxruntime has no batch-major
 * form on the CPU.
 *
 * @returns the outputs [steps, directions, batch, hidden] and the last states [directions, batch,
 * hidden].
 */
export function recurrentLayer(
  ctx: LoweringContext,
  cell: Cell,
  x: Value,
  weights: RecurrentWeights,
  options: {
    readonly bidirectional?: boolean;
    readonly relu?: boolean;
    /** The first hidden state, and for an LSTM the first cell state. Zeros if undefined. */
    readonly initial?: readonly Value[];
    /** Steps of each row [batch], int32: later outputs are zeros. */
    readonly lengths?: Value | undefined;
  } = {},
): Value[] {
  const directions = options.bidirectional === true ? 2 : 1;
  const { lengths, initial } = options;
  return ctx.graph.ops(
    cell.op,
    [
      x,
      weights.input,
      weights.recurrent,
      weights.bias,
      ...(initial || lengths ? [lengths, ...(initial ?? [])] : []),
    ],
    {
      hidden_size: weights.hidden,
      direction: directions === 2 ? 'bidirectional' : 'forward',
      linear_before_reset: cell.op === 'GRU' ? 1 : undefined,
      activations:
        options.relu === true ? Array.from({ length: directions }, () => 'Relu') : undefined,
    },
  );
}

const usesRelu = (module: Module, cell: Cell): boolean =>
  cell.op === 'RNN' && stringAttr(module, 'nonlinearity', 'tanh') === 'relu';

/**
 * torch.nn.LSTM, GRU and RNN: (x, state?) to (outputs, states). `lengths` are those of a packed
 * sequence: each row ends there, and a backward layer starts there.
 */
function lowerRecurrent(cell: Cell): Lowering {
  return (module, ctx, inputs, given) => {
    const [first, state] = inputs;
    if (!(first instanceof Value) || (first.rank !== 3 && first.rank !== 2)) {
      throw ctx.unsupported(module, 'it takes a batch of sequences (rank 3), or one (rank 2)');
    }
    if (intAttr(module, 'proj_size', 0) !== 0) {
      throw ctx.unsupported(module, 'it projects its hidden state (proj_size)');
    }
    const { graph } = ctx;
    const single = first.rank === 2;
    const batchFirst = boolAttr(module, 'batch_first', false) && !single;
    const swap = (value: Value): Value =>
      batchFirst ? graph.op('Transpose', [value], { perm: [1, 0, 2] }) : value;
    // Without a batch, torch's states have none either.
    const [addBatch, dropBatch] = (['Unsqueeze', 'Squeeze'] as const).map(
      (op) => (value: Value) => (single ? graph.op(op, [value, graph.axes(1)]) : value),
    ) as [(value: Value) => Value, (value: Value) => Value];
    const layers = intAttr(module, 'num_layers', 1);
    const bidirectional = boolAttr(module, 'bidirectional', false);
    const directions = bidirectional ? 2 : 1;
    const lengths = given?.get('lengths');
    const initial =
      state === undefined ? undefined : givenStates(module, ctx, cell, state).map(addBatch);
    let x = addBatch(swap(first));
    const rows = [x, ...(initial ?? [])].map(({ shape }) => shape?.[1]);
    const wrong = rows.find((size) => typeof size === 'number' && size !== rows[0]);
    if (typeof rows[0] === 'number' && wrong !== undefined) {
      throw ctx.unsupported(
        module,
        `its first state is for a batch of ${wrong}, not ${rows[0]} (fastai fails on it too)`,
      );
    }
    const last: Value[][] = [];
    for (let layer = 0; layer < layers; layer++) {
      const suffixes = bidirectional ? [`_l${layer}`, `_l${layer}_reverse`] : [`_l${layer}`];
      const weights = recurrentWeights(module, ctx, cell, suffixes);
      const [outputs, ...states] = recurrentLayer(ctx, cell, x, weights, {
        bidirectional,
        relu: usesRelu(module, cell),
        lengths: lengths instanceof Value ? lengths : undefined,
        ...(initial && {
          initial: initial.map((all) => layerState(ctx, all, layer * directions, directions)),
        }),
      });
      x = joinDirections(ctx, outputs as Value, weights.hidden * directions);
      last.push(states);
    }
    const stacked = (which: number): Value =>
      dropBatch(
        graph.op(
          'Concat',
          last.map((states) => states[which]),
          { axis: 0 },
        ),
      );
    const states: Flow = cell.op === 'LSTM' ? [stacked(0), stacked(1)] : stacked(0);
    return [swap(dropBatch(x)), states];
  };
}

/** One step: (x, state?) to the state, [batch, hidden] or [hidden]. */
function lowerCell(cell: Cell): Lowering {
  return (module, ctx, inputs) => {
    const { graph } = ctx;
    const [x, state] = inputs;
    if (!(x instanceof Value) || (x.rank !== 1 && x.rank !== 2)) {
      throw ctx.unsupported(module, 'it takes a batch of rows (rank 2), or one row (rank 1)');
    }
    // [steps, batch, width] for the input, [directions, batch, width] for the states.
    const axes = x.rank === 2 ? [0] : [0, 1];
    const raise = (value: Value): Value => graph.op('Unsqueeze', [value, graph.axes(...axes)]);
    const weights = recurrentWeights(module, ctx, cell, ['']);
    const initial = state === undefined ? undefined : givenStates(module, ctx, cell, state);
    const [, ...states] = recurrentLayer(ctx, cell, raise(x), weights, {
      relu: usesRelu(module, cell),
      ...(initial && { initial: initial.map(raise) }),
    });
    const [hidden, memory] = states.map((value) =>
      graph.op('Squeeze', [value, graph.axes(...axes)]),
    ) as [Value, Value];
    return cell.op === 'LSTM' ? [hidden, memory] : hidden;
  };
}

function givenStates(module: Module, ctx: LoweringContext, cell: Cell, state: Flow): Value[] {
  const values = (state instanceof Value ? [state] : state) as readonly Value[];
  if (values.length !== (cell.op === 'LSTM' ? 2 : 1) || !values.every((v) => v instanceof Value)) {
    throw ctx.unsupported(module, 'its first state has an unexpected form');
  }
  return [...values];
}

/** The states of one layer, from those of all layers. */
function layerState({ graph }: LoweringContext, all: Value, start: number, count: number): Value {
  return graph.op('Slice', [all, graph.axes(start), graph.axes(start + count), graph.axes(0)]);
}

/** [steps, directions, batch, hidden] to [steps, batch, directions * hidden]. */
function joinDirections({ graph }: LoweringContext, outputs: Value, width: number): Value {
  if (outputs.shape?.[1] === 1) return graph.op('Squeeze', [outputs, graph.axes(1)]);
  const byRow = graph.op('Transpose', [outputs], { perm: [0, 2, 1, 3] });
  return graph.op('Reshape', [byRow, graph.axes(0, 0, width)]);
}

/**
 * fastai's WeightDropout computes with its own `<name>_raw` parameters: the copy under `<name>` in
 * the wrapped module may be stale.
 */
export function useRawWeights(wrapper: Module, ctx: LoweringContext): Module {
  const module = ctx.child(wrapper, 'module');
  for (const [name, tensor] of wrapper.parameters) {
    if (tensor && name.endsWith('_raw'))
      ctx.override(module, name.slice(0, -'_raw'.length), tensor);
  }
  return module;
}

const lowerWeightDropout: Lowering = (module, ctx, inputs) =>
  ctx.lower(useRawWeights(module, ctx), inputs);

export const recurrents: LoweringFamily = {
  lowerings: {
    'torch.nn.modules.rnn': {
      LSTM: lowerRecurrent(lstmCell),
      GRU: lowerRecurrent(gruCell),
      RNN: lowerRecurrent(rnnCell),
      LSTMCell: lowerCell(lstmCell),
      GRUCell: lowerCell(gruCell),
      RNNCell: lowerCell(rnnCell),
    },
    'fastai.text.models.awdlstm': { WeightDropout: lowerWeightDropout },
  },
};
