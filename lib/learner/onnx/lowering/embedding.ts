import type { Module } from '../../torch/module.js';
import type { Tensor } from '../../torch/tensor.js';
import type { Value } from '../graph.js';
import { numberAttr, optionalNumberAttr } from './attributes.js';
import type { Lowering, LoweringContext } from './context.js';
import { plainSignature, type LoweringFamily } from './lowering.js';
import { lazyTensorData } from '../tensor-data.js';

/**
 * The table that an `nn.Embedding` looks up. `padding_idx` only steers gradients. With `max_norm`,
 * torch permanently shrinks each looked-up row to that norm, which equals a table of shrunk rows.
 */
function embeddingTable(module: Module, ctx: LoweringContext): Value {
  const maxNorm = optionalNumberAttr(module, 'max_norm');
  if (maxNorm === null) return ctx.requiredWeight(module, 'weight');
  const weight = ctx.requiredTensor(module, 'weight');
  const order = numberAttr(module, 'norm_type', 2);
  return ctx.graph.weights(
    lazyTensorData('float32', weight.shape, () => renormalized(weight, maxNorm, order)),
    'weight',
  );
}

function renormalized(weight: Tensor, maxNorm: number, order: number): Float32Array {
  const rows = weight.toFloat32().slice();
  const width = weight.shape[1] ?? 1;
  for (let start = 0; start < rows.length; start += width) {
    const row = rows.subarray(start, start + width);
    const norm =
      order === Infinity
        ? row.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
        : row.reduce((sum, value) => sum + Math.abs(value) ** order, 0) ** (1 / order);
    if (norm <= maxNorm) continue;
    const scale = maxNorm / (norm + 1e-7);
    row.forEach((value, i) => (row[i] = value * scale));
  }
  return rows;
}

const lowerEmbedding: Lowering = (module, ctx, inputs) =>
  ctx.graph.op('Gather', [embeddingTable(module, ctx), ctx.value(module, inputs)], { axis: 0 });

/** Bags of one length: rows of ids. Offsets, weights and a padding index are refused. */
const lowerEmbeddingBag: Lowering = (module, ctx, inputs) => {
  const ids = ctx.value(module, inputs);
  if (ids.rank !== 2) throw ctx.unsupported(module, 'it takes rows of ids, not ids and offsets');
  if (optionalNumberAttr(module, 'padding_idx') !== null) {
    throw ctx.unsupported(module, 'it leaves out a padding index');
  }
  const mode = module.attr('mode');
  if (mode !== 'sum' && mode !== 'mean' && mode !== 'max') {
    throw ctx.unsupported(module, 'its mode is not known');
  }
  const rows = ctx.graph.op('Gather', [embeddingTable(module, ctx), ids], { axis: 0 });
  return mode === 'sum'
    ? ctx.graph.op('ReduceSum', [rows, ctx.graph.axes(1)], { keepdims: 0 })
    : ctx.graph.op(mode === 'mean' ? 'ReduceMean' : 'ReduceMax', [rows], {
        axes: [1],
        keepdims: 0,
      });
};

/** fastai's EmbeddingDropout; in evaluation, only its embedding remains. */
const lowerEmbeddingDropout: Lowering = (module, ctx, inputs) =>
  ctx.lower(ctx.child(module, 'emb'), inputs);

export const embeddings: LoweringFamily = {
  lowerings: {
    'torch.nn.modules.sparse|fastai.layers': { Embedding: lowerEmbedding },
    'torch.nn.modules.sparse': { EmbeddingBag: lowerEmbeddingBag },
    'fastai.text.models.awdlstm': { EmbeddingDropout: lowerEmbeddingDropout },
  },
  signatures: {
    'torch.nn.modules.sparse|fastai.layers': {
      Embedding: () =>
        plainSignature({ name: 'indices', dtype: 'int64', dims: ['batch', 'length'] }),
    },
  },
};
