import type { Module } from '../../torch/module.js';
import { Value } from '../graph.js';
import { intAttr, malformed } from './attributes.js';
import type { Flow, Lowering, LoweringContext } from './context.js';
import { sigmoidBetween } from './functions.js';
import {
  plainSignature,
  type InputSpec,
  type LoweringFamily,
  type SignatureOf,
} from './lowering.js';

/** Column `index` of a matrix of codes, as a vector. */
function codesOf(codes: Value, index: number, { graph }: LoweringContext): Value {
  return graph.op('Gather', [codes, graph.scalar(index, 'int64')], { axis: 1 });
}

/** Inputs are separate, or one tuple that a sequential model passes on. */
function tensorsOf(module: Module, ctx: LoweringContext, inputs: readonly Flow[]): Value[] {
  const [first] = inputs;
  const flows = inputs.length === 1 && Array.isArray(first) ? (first as readonly Flow[]) : inputs;
  return flows.map((flow) => {
    if (flow instanceof Value) return flow;
    throw ctx.unsupported(module, 'it takes tensors, but receives a tuple of tuples');
  });
}

/** The embeddings, one per column. */
function embeddingsOf(module: Module): Module[] {
  const list = module.child('embeds');
  if (!list) throw malformed(module, 'it has no child module embeds');
  return [...list.children.values()].map((child) => {
    if (!child) throw malformed(module, 'an embedding is not a module');
    return child;
  });
}

const hasCategories = (module: Module): boolean => intAttr(module, 'n_emb') !== 0;
const hasNumbers = (module: Module): boolean => intAttr(module, 'n_cont') !== 0;

/**
 * The embeddings of the codes and the normalized numbers are concatenated and go through the
 * layers. A model without categories, or without numbers, has only the other input.
 */
const lowerTabular: Lowering = (module, ctx, inputs) => {
  const given = tensorsOf(module, ctx, inputs);
  const parts: Value[] = [];
  if (hasCategories(module)) {
    const codes = given[0];
    if (!codes) throw ctx.unsupported(module, 'it takes category codes, but receives none');
    embeddingsOf(module).forEach((embedding, index) => {
      parts.push(ctx.lowerValue(embedding, [codesOf(codes, index, ctx)]));
    });
  }
  if (hasNumbers(module)) {
    const numbers = given[given.length - 1];
    if (!numbers || given.length > 2) throw ctx.unsupported(module, 'it takes at most two tensors');
    const norm = module.child('bn_cont');
    parts.push(norm ? ctx.lowerValue(norm, [numbers]) : numbers);
  }
  const [only] = parts;
  if (!only) throw ctx.unsupported(module, 'it has neither categories nor numbers');
  const features = parts.length === 1 ? only : ctx.graph.op('Concat', parts, { axis: 1 });
  return ctx.lower(ctx.child(module, 'layers'), [features]);
};

/** For a model that has its embeddings in `embeds`, and its columns as in fastai's model. */
export const tabularSignature: SignatureOf = (module) => {
  const inputs: InputSpec[] = [];
  if (hasCategories(module)) {
    const width = embeddingsOf(module).length;
    inputs.push({ name: 'x_cat', dtype: 'int64', dims: ['batch', width] });
  }
  if (hasNumbers(module)) {
    inputs.push({ name: 'x_cont', dtype: 'float32', dims: ['batch', intAttr(module, 'n_cont')] });
  }
  return plainSignature(...inputs);
};

/** The dot product of a user's and an item's factors, plus their biases, and an optional range. */
const lowerDotBias: Lowering = (module, ctx, inputs) => {
  const { graph } = ctx;
  const codes = ctx.value(module, inputs);
  const [users, items] = [codesOf(codes, 0, ctx), codesOf(codes, 1, ctx)];
  const rows = (name: string, indices: Value): Value =>
    ctx.lowerValue(ctx.child(module, name), [indices]);
  const product = graph.op('Mul', [rows('u_weight', users), rows('i_weight', items)]);
  const dot = graph.op('ReduceSum', [product, graph.axes(1)], { keepdims: 1 });
  const biases = graph.op('Add', [rows('u_bias', users), rows('i_bias', items)]);
  const sums = graph.op('Reshape', [graph.op('Add', [dot, biases]), graph.axes(-1)]);
  return scaled(sums, module, ctx);
};

function scaled(x: Value, module: Module, ctx: LoweringContext): Value {
  const range = module.attr('y_range');
  if (range === undefined || range === null) return x;
  const [low, high] = Array.isArray(range) ? range.map(Number) : [];
  if (low === undefined || high === undefined) throw malformed(module, 'its y_range is not a pair');
  return sigmoidBetween(ctx, x, low, high);
}

export const tabularModels: LoweringFamily = {
  lowerings: {
    'fastai.tabular.model': { TabularModel: lowerTabular },
    'fastai.collab': { EmbeddingNN: lowerTabular, EmbeddingDotBias: lowerDotBias },
  },
  signatures: {
    'fastai.tabular.model': { TabularModel: tabularSignature },
    'fastai.collab': {
      EmbeddingNN: tabularSignature,
      EmbeddingDotBias: () => plainSignature({ name: 'x', dtype: 'int64', dims: ['batch', 2] }),
    },
  },
};
