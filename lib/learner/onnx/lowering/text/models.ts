import type { Module } from '../../../torch/module.js';
import { Value } from '../../graph.js';
import { intAttr, malformed, optionalNumberAttr } from '../attributes.js';
import type { Flow, Lowering, LoweringContext } from '../context.js';
import type { LoweringFamily, SignatureOf } from '../lowering.js';
import { awdQrnnName, lowerAwdLstm, lowerAwdLstmModule, vocabSize } from './awd-lstm.js';
import { chunksOf, encodeChunks, isAwd } from './own-encoder.js';
import { ChunkedSequence } from './sequence.js';

/** The values that SentenceEncoder passes to the pooling, besides the outputs. */
const sequences = new WeakMap<Value, { chunks: ChunkedSequence; kept: Value }>();

/** If the user's own code calls the encoder, it passes no lengths: all rows are equally long. */
function wholeRows({ graph }: LoweringContext, given: Value): readonly [Value, Value] {
  const ids = given.dtype === 'int32' ? given : graph.op('Cast', [given], { to: 'int32' });
  const sizes = graph.op('Shape', [ids]);
  const [batch, length] = [0, 1].map((axis) => graph.op('Gather', [sizes, graph.axes(axis)]));
  const lengths = graph.op('Cast', [length!], { to: 'int32' });
  return [ids, graph.op('Expand', [lengths, batch!])];
}

/**
 * SentenceEncoder: (ids [batch, length], lengths) to (outputs [length, batch, width], kept mask).
 */
const lowerSentenceEncoder: Lowering = (module, ctx, inputs) => {
  const [only] = inputs;
  const [ids, lengths] =
    inputs.length > 1 ? inputs : only instanceof Value ? wholeRows(ctx, only) : only!;
  if (!(ids instanceof Value) || !(lengths instanceof Value)) {
    throw ctx.unsupported(module, 'it takes token ids and the length of each row');
  }
  const encoder = ctx.child(module, 'module');
  const isOwn = !isAwd(encoder);
  if (isOwn && !ctx.equalRows) {
    throw ctx.unsupported(
      encoder,
      'a SentenceEncoder runs an encoder other than AWD_LSTM only as the first module of a learner',
    );
  }
  const bptt = intAttr(module, 'bptt');
  const own = isOwn ? chunksOf(ctx, ids, lengths, bptt) : undefined;
  const row = own?.ids ?? ids;
  const padIdx = intAttr(module, 'pad_idx', 1);
  const chunks = new ChunkedSequence(ctx.graph, lengths, row, bptt, padIdx);
  const kept = chunks.kept(optionalNumberAttr(module, 'max_len'));
  if (!isOwn) ctx.checkHooks(encoder);
  const outputs = own
    ? encodeChunks(ctx, encoder, own.chunks)
    : ctx.graph.scoped(encoder.path, () => lowerAwdLstm(encoder, ctx, chunks.ids, chunks));
  sequences.set(outputs, { chunks, kept });
  const flow = [outputs, kept];
  ctx.asTorch.set(flow, () => rowsFirst(ctx, row, padIdx, outputs, kept));
  return flow;
};

/** (outputs [batch, length, width], padding mask) of rows that are equally long, as fastai's. */
function rowsFirst(
  { graph }: LoweringContext,
  ids: Value,
  padIdx: number,
  outputs: Value,
  kept: Value,
): Flow {
  // fastai skips whole chunks at the beginning of the rows.
  const [row] = graph.ops('Gather', [kept, graph.scalar(0, 'int64')], { axis: 1 });
  const counted = graph.op('Cast', [row], { to: 'int64' });
  const count = graph.op('ReduceSum', [counted, graph.axes(0)], { keepdims: 1 });
  const start = graph.op('Neg', [count]);
  const cut = (value: Value): Value =>
    graph.op('Slice', [value, start, graph.axes(Number.MAX_SAFE_INTEGER), graph.axes(1)]);
  const pads = graph.op('Equal', [ids, graph.scalar(padIdx, ids.dtype)]);
  return [cut(graph.op('Transpose', [outputs], { perm: [1, 0, 2] })), cut(pads)];
}

/**
 * PoolingLinearClassifier: [last output, maximum, mean] over the kept tokens without padding, then
 * its layers. Its other two outputs, which fastai drops, are left out.
 */
const lowerPoolingLinearClassifier: Lowering = (module, ctx, inputs) => {
  const pooled = maskedConcatPool(module, ctx, inputs);
  return ctx.lower(ctx.child(module, 'layers'), [pooled]);
};

function maskedConcatPool(module: Module, ctx: LoweringContext, inputs: readonly Flow[]): Value {
  const [flow] = inputs;
  const outputs = flow instanceof Value ? undefined : flow?.[0];
  const sequence = outputs instanceof Value ? sequences.get(outputs) : undefined;
  const width = outputs instanceof Value ? outputs.shape?.[2] : undefined;
  if (!(outputs instanceof Value) || !sequence || typeof width !== 'number') {
    throw ctx.unsupported(
      module,
      'it pools the output of a SentenceEncoder, but its input comes from another module',
    );
  }
  const { graph } = ctx;
  const { chunks, kept } = sequence;
  const used = graph.op('And', [kept, graph.op('Not', [chunks.pads])]);
  const usedByRow = graph.op('Unsqueeze', [used, graph.axes(2)]);
  const weight = graph.op('Cast', [usedByRow], { to: 'float32' });
  const first = graph.axes(0);
  const sum = graph.op('ReduceSum', [graph.op('Mul', [outputs, weight]), first], { keepdims: 0 });
  const count = graph.op('ReduceSum', [weight, first], { keepdims: 0 });
  const penalty = graph.op('Where', [usedByRow, graph.scalar(0), graph.scalar(-Infinity)]);
  const maximum = graph.op('ReduceMax', [graph.op('Add', [outputs, penalty])], {
    axes: [0],
    keepdims: 0,
  });
  const last = chunks.pick(
    outputs,
    lastPosition(ctx, chunks, kept, intAttr(module, 'bptt')),
    width,
  );
  return graph.op('Concat', [last, maximum, graph.op('Div', [sum, count])], { axis: 1 });
}

/**
 * fastai's position of a row's last token [batch]: it counts the padding among the last `bptt` kept
 * positions, and goes back that far from the end, even if the padding is elsewhere.
 */
function lastPosition(
  ctx: LoweringContext,
  chunks: ChunkedSequence,
  kept: Value,
  bptt: number,
): Value {
  const { graph } = ctx;
  const window = graph.op('Sub', [chunks.lengths, graph.scalar(bptt, 'int32')]);
  const tail = graph.op('And', [kept, graph.op('GreaterOrEqual', [chunks.positions, window])]);
  const pads = graph.op('Cast', [graph.op('And', [tail, chunks.pads])], { to: 'int32' });
  const count = graph.op('ReduceSum', [pads, graph.axes(0)], { keepdims: 0 });
  const end = graph.op('Sub', [chunks.lengths, graph.scalar(1, 'int32')]);
  return graph.op('Sub', [end, count]);
}

const sentenceEncoderSignature: SignatureOf = (module) => {
  const encoder = module.child('module');
  if (!encoder) throw malformed(module, 'it has no encoder');
  if (!isAwd(encoder)) return undefined;
  return {
    inputs: [
      { name: 'ids', dtype: 'int32', dims: ['batch', 'length'] },
      { name: 'lengths', dtype: 'int32', dims: ['batch'] },
    ],
    outputs: ['logits'],
    hints: {
      kind: 'text-classifier',
      text: {
        vocabSize: vocabSize(encoder),
        padIdx: intAttr(module, 'pad_idx', 1),
        bptt: intAttr(module, 'bptt'),
        maxLen: optionalNumberAttr(module, 'max_len'),
        ...(encoder.className === awdQrnnName && { skipsNoChunk: 'QRNN' }),
      },
    },
  };
};

/** LinearDecoder, whose other two outputs are of no use in evaluation. */
const lowerLinearDecoder: Lowering = (module, ctx, inputs) =>
  ctx.lower(ctx.child(module, 'decoder'), inputs);

/** fastai's text models. */
export const textModels: LoweringFamily = {
  lowerings: {
    'fastai.text.models.awdlstm': { AWD_LSTM: lowerAwdLstmModule },
    'fastai.text.models.core': {
      SentenceEncoder: lowerSentenceEncoder,
      PoolingLinearClassifier: lowerPoolingLinearClassifier,
      LinearDecoder: lowerLinearDecoder,
    },
  },
  signatures: {
    'fastai.text.models.core': { SentenceEncoder: sentenceEncoderSignature },
    'fastai.text.models.awdlstm': {
      AWD_LSTM: (module) => ({
        inputs: [{ name: 'ids', dtype: 'int32', dims: ['batch', 'length'] }],
        outputs: ['logits'],
        hints: { kind: 'language-model', text: { vocabSize: vocabSize(module) } },
      }),
    },
  },
};
