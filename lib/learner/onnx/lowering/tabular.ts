import type { Module } from '../../torch/module.js';
import { Value } from '../graph.js';
import { intAttr, malformed } from './attributes.js';
import type { Flow, Lowering, LoweringContext } from './context.js';
import {
  plainSignature,
  type InputSpec,
  type LoweringFamily,
  type SignatureOf,
} from './lowering.js';

/** Column `index` of a matrix of codes, as a vector. */
export function codesOf(codes: Value, index: number, { graph }: LoweringContext): Value {
  return graph.op('Gather', [codes, graph.scalar(index, 'int64')], { axis: 1 });
}

/** Inputs may come one by one, or as the one tuple that a sequential model hands on. */
export function tensorsOf(module: Module, ctx: LoweringContext, inputs: readonly Flow[]): Value[] {
  const [first] = inputs;
  const flows = inputs.length === 1 && Array.isArray(first) ? (first as readonly Flow[]) : inputs;
  return flows.map((flow) => {
    if (flow instanceof Value) return flow;
    throw ctx.unsupported(module, 'it takes tensors, and is given a tuple of tuples');
  });
}

/** The embeddings, one a column. */
function embeddingsOf(module: Module): Module[] {
  const list = module.child('embeds');
  if (!list) throw malformed(module, 'it has no child module embeds');
  return [...list.children.values()].map(
    (child) => child ?? fail(module, 'an embedding is no module'),
  );
}

function fail(module: Module, reason: string): never {
  throw malformed(module, reason);
}

const hasCategories = (module: Module): boolean => intAttr(module, 'n_emb') !== 0;
const hasNumbers = (module: Module): boolean => intAttr(module, 'n_cont') !== 0;

/**
 * Embeddings of the codes and the numbers after their batch norm, side by side, through the layers.
 * A model without categories, or without numbers, has only the other input.
 */
const lowerTabular: Lowering = (module, ctx, inputs) => {
  const given = tensorsOf(module, ctx, inputs);
  const parts: Value[] = [];
  if (hasCategories(module)) {
    const codes = given[0];
    if (!codes) throw ctx.unsupported(module, 'it takes category codes, and is given none');
    embeddingsOf(module).forEach((embedding, index) => {
      parts.push(ctx.lowerValue(embedding, [codesOf(codes, index, ctx)]));
    });
  }
  if (hasNumbers(module)) {
    const numbers = given[given.length - 1];
    if (!numbers || given.length > 2) throw ctx.unsupported(module, 'it takes two tensors at most');
    const norm = module.child('bn_cont');
    parts.push(norm ? ctx.lowerValue(norm, [numbers]) : numbers);
  }
  const [only] = parts;
  if (!only) throw ctx.unsupported(module, 'it has neither categories nor numbers');
  const features = parts.length === 1 ? only : ctx.graph.op('Concat', parts, { axis: 1 });
  return ctx.lower(ctx.child(module, 'layers'), [features]);
};

const tabularSignature: SignatureOf = (module) => {
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

export const tabularModels: LoweringFamily = {
  lowerings: {
    'fastai.tabular.model': { TabularModel: lowerTabular },
    'fastai.collab': { EmbeddingNN: lowerTabular },
  },
  signatures: {
    'fastai.tabular.model': { TabularModel: tabularSignature },
    'fastai.collab': { EmbeddingNN: tabularSignature },
  },
};
