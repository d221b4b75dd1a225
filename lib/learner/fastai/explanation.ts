/** Options of `explain`. @publicApi */
export interface ExplainOptions {
  /**
   * The class or label to explain, by name or index; for a regression, the index of the number, or
   * its name if it has one.
   *
   * @default the predicted class; the most probable of several labels; the first number
   */
  readonly target?: string | number;
}

/** The answer that is explained. @publicApi */
export interface ExplainedTarget {
  /** The name of the class, label or number; undefined if it has none. */
  readonly class?: string;
  /** Its index. */
  readonly target: number;
}

/**
 * Where the model sees a class in an image: Grad-CAM over the output of the last body layer.
 *
 * @publicApi
 */
export interface HeatMapExplanation extends ExplainedTarget {
  readonly method: 'grad-cam';
  readonly heatmap: {
    readonly width: number;
    readonly height: number;
    /**
     * From 0, where nothing supports the class, to 1; rows from the top. All 0 if nothing supports
     * it.
     */
    readonly data: Float32Array;
    /**
     * The value that 1 stands for: the data times this is Grad-CAM's own
     * `relu(sum of weighted features)`.
     */
    readonly peak: number;
  };
  /** The size of the image that the model saw; the map covers it. */
  readonly image: { readonly width: number; readonly height: number };
}

/** A part of a text or row, and its effect on the answer. @publicApi */
export interface ExplainedPart {
  /** For a row: the column. */
  readonly name?: string;
  /** For a text: the tokens that are left out together, separated by spaces. */
  readonly token?: string;
  /**
   * For a text, the index of the first token in the result of `show`; for a row, the index of the
   * column.
   */
  readonly index: number;
  /** The number of tokens or columns: more than one for `xxmaj the`, and in long texts. */
  readonly length: number;
  /**
   * The probability of the class (for a regression, the number) with the part, minus that without
   * it. Above 0 the part supports the class; below 0 it opposes the class.
   */
  readonly weight: number;
}

/** The effect of each word or column on an answer: one at a time is left out. @publicApi */
export interface OcclusionExplanation extends ExplainedTarget {
  readonly method: 'occlusion';
  /** In the order of the item. */
  readonly parts: readonly ExplainedPart[];
}

/** The reasons for a learner's answer. @publicApi */
export type Explanation = HeatMapExplanation | OcclusionExplanation;
