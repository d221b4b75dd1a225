/** What is explained. @publicApi */
export interface ExplainOptions {
  /**
   * The class or label that is explained, by its name or index; of a regression the index of the
   * number, or its name where it has one.
   *
   * @default the predicted class; of several labels the most probable one; the first number
   */
  readonly target?: string | number;
}

/** Which answer an explanation is of. @publicApi */
export interface ExplainedTarget {
  /** The name of the class, label or number; undefined where it has none. */
  readonly class?: string;
  /** Its index. */
  readonly target: number;
}

/**
 * Where in an image a class is seen: Grad-CAM over the output of the last body layer.
 *
 * @publicApi
 */
export interface HeatMapExplanation extends ExplainedTarget {
  readonly method: 'grad-cam';
  readonly heatmap: {
    readonly width: number;
    readonly height: number;
    /** From 0, where nothing speaks for the class, to 1; rows from the top. All 0 if nothing does. */
    readonly data: Float32Array;
    /** What 1 stands for: times it, the data is Grad-CAM's own, `relu(sum of weighted features)`. */
    readonly peak: number;
  };
  /** The size of the image that the model saw, over which the map lies. */
  readonly image: { readonly width: number; readonly height: number };
}

/** A part of a text or row, and what it does for the answer. @publicApi */
export interface ExplainedPart {
  /** Of a row: the column. */
  readonly name?: string;
  /** Of a text: the tokens that are left out together, with a space between them. */
  readonly token?: string;
  /** Of a text the index of the first token, as `show` lists them; of a row that of the column. */
  readonly index: number;
  /** How many tokens, or columns: more than one for `xxmaj the`, and in long texts. */
  readonly length: number;
  /**
   * The probability of the class (the number, for a regression) with the part minus without it:
   * above 0 the part speaks for the class, below 0 against it.
   */
  readonly weight: number;
}

/** What each word or column does for an answer: one after the other is left out. @publicApi */
export interface OcclusionExplanation extends ExplainedTarget {
  readonly method: 'occlusion';
  /** In the order of the item. */
  readonly parts: readonly ExplainedPart[];
}

/** Why a learner answers as it does. @publicApi */
export type Explanation = HeatMapExplanation | OcclusionExplanation;
