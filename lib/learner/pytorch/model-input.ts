import type { TextLimits } from '../onnx/index.js';
import type { ElementName } from '../torch/index.js';

/**
 * Element types of a model's inputs, as in onnxruntime. A torch module takes `float32`, `int64` or
 * `bool`.
 *
 * @publicApi
 */
export type ModelInputDType = ElementName | 'float16' | 'bool' | 'string';

/** One tensor that a model takes. @publicApi */
export interface ModelInput {
  readonly name: string;
  readonly dtype: ModelInputDType;
  /** Sizes, including the batch; null for a size that varies. */
  readonly shape: readonly (number | null)[];
}

/** One input, as it is checked and given to the graph. */
export interface PlannedInput extends ModelInput {
  /**
   * The element type of the graph's input, which may be narrower than the dtype that callers see.
   */
  readonly feed: ModelInputDType;
  /** Names of sizes: sizes with the same name are equal. */
  readonly dims: readonly (number | string | null)[];
  /** Any number of dimensions may precede the last `tail`, which are as in `dims`. */
  readonly tail?: number;
  /** The number of elements in a row, if the model flattens rows. */
  readonly rowSize?: number;
  /** Values are 0..limit-1; one limit for all, or one for each index of the last dimension. */
  readonly limits?: readonly (number | null)[];
}

/** The inputs of a model, as plain data: worker threads send it to the main thread. */
export interface InputPlan {
  readonly inputs: readonly PlannedInput[];
  /** The only input is rows of token ids, padded on either side. */
  readonly text?: TextPlan;
  /** A tensor without columns may accompany the only input: the missing half of a tabular model. */
  readonly mayTakeEmpty?: boolean;
}

export interface TextPlan extends TextLimits {
  /** The graph cannot skip a chunk that begins with padding. */
  readonly noPadAtChunkStart?: boolean;
}
