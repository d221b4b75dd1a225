import type { Module } from '../../../torch/module.js';
import type { Value } from '../../graph.js';
import { boolAttr, intAttr, malformed } from '../attributes.js';
import type { Lowering, LoweringContext } from '../context.js';
import { lstmCell, recurrentWeights } from '../recurrent-weights.js';
import { recurrentLayer, useRawWeights } from '../recurrent.js';
import type { ChunkedSequence } from './sequence.js';

export const awdLstmName = 'fastai.text.models.awdlstm.AWD_LSTM';
export const awdQrnnName = 'fastai.text.models.awdlstm.AWD_QRNN';
const weightDropoutName = 'fastai.text.models.awdlstm.WeightDropout';
const qrnnName = 'fastai.text.models.qrnn.QRNN';
const lstmName = 'torch.nn.modules.rnn.LSTM';

/** Rows of the vocabulary. */
export function vocabSize(module: Module): number {
  const size = module.child('encoder')?.tensor('weight')?.shape[0];
  if (size === undefined) throw malformed(module, 'its encoder has no weight');
  return size;
}

/** The hidden and cell states of a run that continues an earlier one. */
export interface CarriedStates {
  /** The initial hidden and cell state of a layer, each [1, batch, width]. */
  initial(layer: number): readonly Value[];
  /** Its last part. */
  final(layer: number, states: readonly Value[]): void;
}

/** The width of each layer's states. */
export function stateWidths(module: Module, ctx: LoweringContext): number[] {
  return Array.from({ length: intAttr(module, 'n_layers') }, (_, layer) => {
    const rnn = innerLstm(ctx.child(ctx.child(module, 'rnns'), String(layer)), ctx);
    return ctx.requiredTensor(rnn, 'weight_hh_l0').shape[1] ?? 0;
  });
}

/**
 * AWD_LSTM, or AWD_QRNN, over time-major ids [length, batch]: [length, batch, width].
 *
 * With `chunks` it runs as SentenceEncoder calls it: chunk after chunk with the state carried on. A
 * forward direction needs no cutting for that. A backward direction reads each chunk from its end,
 * but continues from the chunk before. That equals a forward pass over the sequence with every
 * chunk reversed.
 *
 * With `states`, it starts from the given states and returns the final ones; a backward direction
 * cannot carry states.
 */
export function lowerAwdLstm(
  module: Module,
  ctx: LoweringContext,
  ids: Value,
  chunks?: ChunkedSequence,
  states?: CarriedStates,
): Value {
  let x = ctx.lowerValue(ctx.child(module, 'encoder_dp'), [ids]);
  x = ctx.lowerValue(ctx.child(module, 'input_dp'), [x]);
  const layers = intAttr(module, 'n_layers');
  const skipped = ctx.skipsChunks ? chunks?.skippedChunks() : undefined;
  for (let layer = 0; layer < layers; layer++) {
    const held = ctx.child(ctx.child(module, 'rnns'), String(layer));
    if (held.className === qrnnName) x = lowerQrnn(held, ctx, x);
    else {
      const rnn = innerLstm(held, ctx);
      x = ctx.graph.scoped(rnn.path, () =>
        lowerLayer(rnn, ctx, x, { chunks, skipped, states, layer }),
      );
    }
    if (layer === layers - 1) break;
    x = ctx.lowerValue(ctx.child(ctx.child(module, 'hidden_dps'), String(layer)), [x]);
  }
  return x;
}

/** A QRNN takes rows first. */
function lowerQrnn(module: Module, ctx: LoweringContext, x: Value): Value {
  const swap = (value: Value): Value => ctx.graph.op('Transpose', [value], { perm: [1, 0, 2] });
  const [outputs] = ctx.lower(module, [swap(x)]) as readonly Value[];
  return swap(outputs as Value);
}

/** The nn.LSTM of one layer, in its WeightDropout. */
function innerLstm(module: Module, ctx: LoweringContext): Module {
  const rnn = module.className === weightDropoutName ? useRawWeights(module, ctx) : module;
  if (rnn.className !== lstmName) throw ctx.unsupported(rnn, 'AWD_LSTM needs an LSTM');
  if (intAttr(rnn, 'num_layers', 1) !== 1 || intAttr(rnn, 'proj_size', 0) !== 0) {
    throw ctx.unsupported(rnn, 'AWD_LSTM needs LSTMs of one layer without projection');
  }
  ctx.checkHooks(module);
  ctx.checkHooks(rnn);
  return rnn;
}

function lowerLayer(
  rnn: Module,
  ctx: LoweringContext,
  x: Value,
  {
    chunks,
    skipped,
    states,
    layer,
  }: {
    readonly chunks: ChunkedSequence | undefined;
    readonly skipped: Value | undefined;
    readonly states: CarriedStates | undefined;
    readonly layer: number;
  },
): Value {
  const { graph } = ctx;
  const run = (input: Value, suffix: string): Value => {
    const weights = recurrentWeights(rnn, ctx, lstmCell, [suffix], skipped !== undefined);
    const [outputs, ...last] = recurrentLayer(ctx, lstmCell, input, weights, {
      ...(states && { initial: states.initial(layer) }),
    });
    states?.final(layer, last);
    return graph.op('Squeeze', [outputs, graph.axes(1)]);
  };
  const full = skipped ? graph.op('Concat', [x, skipped], { axis: 2 }) : x;
  const forward = run(full, '_l0');
  if (!boolAttr(rnn, 'bidirectional', false)) return forward;
  if (!chunks)
    throw ctx.unsupported(rnn, 'a bidirectional AWD_LSTM runs only in a SentenceEncoder');
  const width = (value: Value): number => value.shape?.[2] as number;
  const backward = run(chunks.reverseChunks(full, width(full)), '_l0_reverse');
  return graph.op('Concat', [forward, chunks.reverseChunks(backward, width(backward))], {
    axis: 2,
  });
}

/** AWD_LSTM by itself, as language models use it: ids [batch, length] to [batch, length, width]. */
export const lowerAwdLstmModule: Lowering = (module, ctx, inputs, given) => {
  const { graph } = ctx;
  if (given) {
    if (given.size > inputs.length) throw ctx.unsupported(module, 'code calls it with embeddings');
    if (!ctx.atStart.delete(module)) {
      throw ctx.unsupported(
        module,
        "code calls it without reset(), so it continues from the text before; call it in the model's reset()",
      );
    }
  }
  const ids = graph.op('Transpose', [ctx.value(module, inputs)], { perm: [1, 0] });
  return graph.op('Transpose', [lowerAwdLstm(module, ctx, ids)], { perm: [1, 0, 2] });
};
