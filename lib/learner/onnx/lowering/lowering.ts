import type { Module } from '../../torch/module.js';
import type { Dim, Value } from '../graph.js';
import type { OnnxDType } from '../dtype.js';
import type { LoweringContext } from './context.js';

/** What one module hands to the next: a value, or a tuple of such. */
export type Flow = Value | readonly Flow[];

/** Turns one module into nodes, as its `forward` in evaluation mode. */
export type Lowering = (module: Module, ctx: LoweringContext, inputs: readonly Flow[]) => Flow;

/** A graph input that a module asks for. */
export interface InputSpec {
  readonly name: string;
  readonly dtype: OnnxDType;
  readonly dims: readonly Dim[];
}

/** What a model is, where its root tells; with it come the facts that its callers need. */
export type ModelHints =
  | { readonly kind: 'text-classifier'; readonly text: TextLimits }
  | { readonly kind: 'language-model'; readonly text: Pick<TextLimits, 'vocabSize'> }
  | { readonly kind: 'module' };

/** What token ids a text classifier takes. */
export interface TextLimits {
  /** Ids are 0..vocabSize-1. */
  readonly vocabSize: number;
  readonly padIdx: number;
  readonly bptt: number;
  /** fastai pools the chunks that begin at most so many tokens before the end; null pools all. */
  readonly maxLen: number | null;
}

/** The inputs of a model whose first module this is. */
export interface Signature {
  readonly inputs: readonly InputSpec[];
  readonly outputs: readonly string[];
  readonly hints: ModelHints;
}

export type SignatureOf = (
  module: Module,
  signatureOf: (module: Module) => Signature | undefined,
) => Signature | undefined;

/** A family of modules, by class name. Aliases cover the homes that a class had over the years. */
export interface LoweringFamily {
  readonly lowerings: readonly (readonly [classNames: readonly string[], lowering: Lowering])[];
  readonly signatures?: readonly (readonly [
    classNames: readonly string[],
    signature: SignatureOf,
  ])[];
}
