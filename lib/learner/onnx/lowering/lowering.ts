import type { Module } from '../../torch/module.js';
import type { OnnxDType } from '../dtype.js';
import type { Dim } from '../graph.js';
import type { Lowering } from './context.js';

/** A graph input that a module needs. */
export interface InputSpec {
  readonly name: string;
  readonly dtype: OnnxDType;
  readonly dims: readonly Dim[];
}

/** The kind of a model, if its root shows it, with the facts that its callers need. */
export type ModelHints =
  | { readonly kind: 'text-classifier'; readonly text: TextLimits }
  | { readonly kind: 'language-model'; readonly text: Pick<TextLimits, 'vocabSize'> }
  | { readonly kind: 'module' };

/** The token ids that a text classifier accepts. */
export interface TextLimits {
  /** Ids are 0..vocabSize-1. */
  readonly vocabSize: number;
  readonly padIdx: number;
  readonly bptt: number;
  /** fastai pools the chunks that begin at most this many tokens before the end; null pools all. */
  readonly maxLen: number | null;
  /**
   * The graph cannot skip a chunk that begins with padding, as fastai does, so it refuses such
   * chunks.
   */
  readonly skipsNoChunk?: 'QRNN' | 'encoder';
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

/** The signature of a module that takes and returns one tensor. */
export const plainSignature = (...inputs: readonly InputSpec[]): Signature => ({
  inputs,
  outputs: ['output'],
  hints: { kind: 'module' },
});

/**
 * An entry for each class, by its Python module and its name. `A|B` stands for both: classes that
 * compute the same, or modules that a class was in over the years.
 */
export type ByClass<T> = Readonly<Record<string, Readonly<Record<string, T>>>>;

/** Full class names with their entries in the table. */
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
