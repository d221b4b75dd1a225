import type { Module } from '../../../torch/module.js';
import { Value } from '../../graph.js';
import { SizeNeededError } from '../../torch-ops/size-needed.js';
import { intAttr, optionalNumberAttr } from '../attributes.js';
import type { LoweringContext } from '../context.js';
import type { TextLimits } from '../lowering.js';
import { awdLstmName, awdQrnnName } from './awd-lstm.js';

const SENTENCE_ENCODER = 'fastai.text.models.core.SentenceEncoder';
const SEQUENTIAL =
  /^(fastai\.text\.models\.core\.SequentialRNN|torch\.nn\.modules\.container\.Sequential)$/;
const EMBEDDING = /^(torch\.nn\.modules\.sparse|fastai\.layers)\.Embedding$/;

/** Whether a SentenceEncoder runs one of fastai's own encoders. */
export const isAwd = ({ className }: Module): boolean =>
  className === awdLstmName || className === awdQrnnName;

/** The ids that a text classifier takes whose SentenceEncoder runs another encoder. */
export function ownEncoderLimits(root: Module): TextLimits | undefined {
  const [first] = SEQUENTIAL.test(root.className) ? root.children.values() : [];
  const encoder = first?.className === SENTENCE_ENCODER ? first.child('module') : undefined;
  if (!first || !encoder || isAwd(encoder)) return undefined;
  return {
    vocabSize: mostRows(encoder) || 2 ** 31,
    padIdx: intAttr(first, 'pad_idx', 1),
    bptt: intAttr(first, 'bptt'),
    maxLen: optionalNumberAttr(first, 'max_len'),
    skipsNoChunk: 'encoder',
  };
}

/** Rows of the largest embedding: onnxruntime checks the ids of the others. */
function mostRows(module: Module): number {
  const own = EMBEDDING.test(module.className) ? (module.tensor('weight')?.shape[0] ?? 0) : 0;
  const below = [...module.children.values()].map((child) => (child ? mostRows(child) : 0));
  return Math.max(own, ...below);
}

/** The ids that SentenceEncoder cuts up, and each of its chunks. */
export interface Chunks {
  /** [batch, length]. */
  readonly ids: Value;
  readonly chunks: readonly Value[];
}

/**
 * The chunks of rows that are equally long, by their shape: [batch, chunks, bptt], the last chunk
 * filled up and its length free, or [batch, length].
 */
export function chunksOf(
  { graph }: LoweringContext,
  given: Value,
  lengths: Value,
  bptt: number,
): Chunks {
  const size = given.shape?.[1];
  if (typeof size !== 'number') {
    throw new SizeNeededError(new Set([size ?? 'length']), [given.rank === 3 ? 1 : bptt]);
  }
  if (given.rank === 2) {
    const starts = Array.from({ length: Math.ceil(size / bptt) }, (_, i) => i * bptt);
    const chunks = starts.map((start) =>
      graph.op('Slice', [
        given,
        graph.axes(start),
        graph.axes(Math.min(start + bptt, size)),
        graph.axes(1),
      ]),
    );
    return { ids: given, chunks };
  }
  const full = Array.from({ length: size }, (_, i) =>
    graph.op('Gather', [given, graph.scalar(i, 'int64')], { axis: 1 }),
  );
  const length = graph.op('Slice', [lengths, graph.axes(0), graph.axes(1), graph.axes(0)]);
  const rest = graph.op('Sub', [
    graph.op('Cast', [length], { to: 'int64' }),
    graph.axes((size - 1) * bptt),
  ]);
  const last = graph.op('Slice', [full.pop()!, graph.axes(0), rest, graph.axes(1)]);
  const chunks = [...full, last];
  return { ids: chunks.length === 1 ? last : graph.op('Concat', chunks, { axis: 1 }), chunks };
}

/** The encoder's outputs for all chunks, one after the other: [length, batch, width]. */
export function encodeChunks(
  ctx: LoweringContext,
  encoder: Module,
  chunks: readonly Value[],
): Value {
  const { graph } = ctx;
  // fastai's forward begins with reset(); a state goes from chunk to chunk.
  ctx.code?.reset(encoder);
  const outputs = chunks.map((chunk) => {
    const output = ctx.lower(encoder, [chunk]);
    if (output instanceof Value && output.rank === 3) return output;
    throw ctx.unsupported(
      encoder,
      'an encoder in a SentenceEncoder must return one tensor [rows, tokens, width]',
    );
  });
  const all = outputs.length === 1 ? outputs[0]! : graph.op('Concat', outputs, { axis: 1 });
  return graph.op('Transpose', [all], { perm: [1, 0, 2] });
}
