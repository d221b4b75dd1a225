import type { Module } from '../../torch/module.js';
import type { OnnxDType } from '../dtype.js';
import type { Dim } from '../graph.js';
import type { Lowering } from './context.js';

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
  /** The graph cannot leave out a chunk that begins with padding, as fastai does: none is taken. */
  readonly skipsNoChunk?: true;
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

/** The signature of a module that takes one tensor and gives one. */
export const plainSignature = (...inputs: readonly InputSpec[]): Signature => ({
  inputs,
  outputs: ['output'],
  hints: { kind: 'module' },
});

/**
 * Something for each class, by its Python module and its name. `A|B` stands for both: classes that
 * compute the same, or homes that a class had over the years.
 */
export type ByClass<T> = Readonly<Record<string, Readonly<Record<string, T>>>>;

/** Full class names, each with what the table has for it. */
export function entriesOf<T>(table: ByClass<T>): [className: string, entry: T][] {
  return Object.entries(table).flatMap(([homes, classes]) =>
    Object.entries(classes).flatMap(([names, entry]) =>
      homes
        .split('|')
        .flatMap((home) => names.split('|').map((name): [string, T] => [`${home}.${name}`, entry])),
    ),
  );
}

export interface LoweringFamily {
  readonly lowerings: ByClass<Lowering>;
  readonly signatures?: ByClass<SignatureOf>;
}
