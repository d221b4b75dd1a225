import type { Tensor } from 'onnxruntime-common';
import type { DecodedTarget } from './data/target.js';
import type { DecodedRow, ShownRow, TabularSchema } from './tabular/index.js';

/** `dls.vocab`: a list of names, or one list for each input and target that has one. @publicApi */
export type Vocab = readonly string[] | readonly (readonly string[])[];

/**
 * The part of a learner that depends on its kind: item transforms before the model, the model, and
 * decoding after it.
 */
export interface Inference<Encoded = unknown, Decoded = DecodedTarget> {
  readonly vocab: Vocab;
  /** Item and batch transforms of one item. @throws InputError for an item they do not take. */
  encode(item: unknown): Encoded;
  /** The model's output before the loss function's activation, a row an item. */
  forward(batch: readonly Encoded[]): Promise<Tensor>;
  /**
   * The same for items that are encoded together: for kinds that take whole tables.
   *
   * @throws InputError
   */
  forwardAll?(items: unknown): Promise<Tensor>;
  /** fastai's first element of `predict` for one row of decoded predictions. */
  decode(target: Tensor, encoded: Encoded): Decoded;
  /** The tokens of a text, for kinds that have any. */
  tokenize?(text: string): string[];
  /** The columns of a row, for kinds that predict from rows. */
  readonly schema?: TabularSchema;
  /** A decoded row with names in place of codes, for kinds that predict from rows. */
  decodeRow?(row: DecodedRow): ShownRow;
  release(): Promise<void>;
}
