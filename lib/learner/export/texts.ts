import { Tensor } from 'onnxruntime-common';
import type { TextLimits } from '../onnx/lowering/lowering.js';
import { GraphBuilder } from '../onnx/graph-builder.js';
import type { Graph } from '../onnx/graph.js';
import { plainWrapping, type Wrapping } from './wrapping.js';

/** Limits of a text classifier's graph, besides those of the file. */
export type TextFacts = TextLimits & { readonly ownHead?: boolean };

/**
 * Texts: token ids in, int64 [rows, width], short rows padded on the right with the id of `xxpad`.
 * A row ends with its last id that is not `xxpad`.
 */
export function wrapTexts(graph: Graph, limits: TextFacts | null): Wrapping {
  const ids = graph.inputs.find(({ name }) => name === 'ids');
  const lengths = graph.inputs.find(({ name }) => name === 'lengths');
  if (!limits || !ids || !lengths) {
    return plainWrapping(new Map(), { ids: 'rows of one length; no padding', padding: null });
  }
  const builder = new GraphBuilder('ids');
  const given = builder.input('given', 'int64', ids.shape ?? ['batch', 'length']);
  const narrow = builder.op('Cast', [given], { to: 'int32' });
  const scalar = (value: number) => builder.scalar(value, 'int32');
  const width = builder.op(
    'Cast',
    [builder.op('Gather', [builder.op('Shape', [given]), builder.scalar(1, 'int64')], { axis: 0 })],
    { to: 'int32' },
  );
  const one = scalar(1);
  const places = builder.op('Range', [one, builder.op('Add', [width, one]), one]);
  const isPad = builder.op('Equal', [narrow, scalar(limits.padIdx)]);
  const ends = builder.op('Where', [isPad, scalar(0), places]);
  const longest = builder.op('ReduceMax', [ends], { axes: [1], keepdims: 0 });
  builder.output(ids.name, narrow);
  builder.output('lengths', longest);
  return {
    before: builder.finish(),
    inputs: new Map([['given', 'ids']]),
    feeds: ({ feeds }) => {
      const { data, dims } = feeds['ids'] as Tensor;
      return { ids: new Tensor('int64', BigInt64Array.from(data as Int32Array, BigInt), dims) };
    },
    preprocessing: {
      ids: 'indexes of tokens in vocab.txt (one token a line, from 0)',
      padding: limits.ownHead ? null : { id: limits.padIdx, side: 'right' },
      vocab_size: limits.vocabSize,
      bptt: limits.bptt,
      max_len: limits.maxLen,
    },
  };
}
