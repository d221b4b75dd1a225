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
  /** Sizes, including the batch; null for those that vary. */
  readonly shape: readonly (number | null)[];
}

/** One input, as it is checked and fed. */
export interface PlannedInput extends ModelInput {
  /** The element type of the graph's input, which may be narrower than what callers see. */
  readonly feed: ModelInputDType;
  /** Sizes by name: those of one name are equal. */
  readonly dims: readonly (number | string | null)[];
  /** Any number of dimensions will do in front of the last `tail`, which are as in `dims`. */
  readonly tail?: number;
  /** Elements of one row, where the model flattens it. */
  readonly rowSize?: number;
  /** Values are 0..limit-1; one limit for all, or one for each place of the last dimension. */
  readonly limits?: readonly (number | null)[];
}

/** What a model takes, as plain data: worker threads tell it to the main thread. */
export interface InputPlan {
  readonly inputs: readonly PlannedInput[];
  /** The one input is rows of token ids that are padded on either side. */
  readonly text?: TextPlan;
  /** A tensor without columns may stand beside the one input: a tabular model's missing half. */
  readonly mayTakeEmpty?: boolean;
}

export interface TextPlan extends TextLimits {
  /** The graph cannot skip a chunk that begins with padding. */
  readonly noPadAtChunkStart?: boolean;
}
