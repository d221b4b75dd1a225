/** What a model sees of a text. @publicApi */
export interface ShownText {
  /**
   * The tokens in the order in which the model reads them: fastai's markers (`xxbos`, `xxmaj`)
   * included, `xxunk` for words that the learner's vocabulary lacks.
   */
  readonly tokens: readonly string[];
}

/** What a model sees of an image. @publicApi */
export interface ShownImage {
  /**
   * The pixels after the transforms that crop, pad and resize, before they are normalized: rows from
   * the top, channels interleaved, one byte each. 1 channel is grey, 3 are RGB.
   */
  readonly image: {
    readonly width: number;
    readonly height: number;
    readonly channels: 1 | 3;
    readonly data: Uint8Array;
  };
}

/** A cell as the learner's procs leave it. @publicApi */
export interface ShownCell {
  readonly name: string;
  /**
   * A category, `#na#` where it is missing or the learner has never seen it, or a number in its own
   * unit, filled where it was missing.
   */
  readonly value: string | number | boolean;
  /** False for `#na#` and for a number that was filled. */
  readonly known: boolean;
}

/** What a model sees of a row. @publicApi */
export interface ShownColumns {
  /** The columns of the learner's schema, in its order. */
  readonly columns: readonly ShownCell[];
}

/** Numbers as a model sees them, after the transforms: row by row. @publicApi */
export interface ShownNumbers {
  readonly values: readonly number[];
  readonly shape: readonly number[];
}

/** What a model sees of an item of several inputs: each by its name, in their order. @publicApi */
export interface ShownInputs {
  readonly inputs: readonly ({ readonly name: string } & (ShownText | ShownImage | ShownNumbers))[];
}

/** What a model sees of an item. @publicApi */
export type Shown = ShownText | ShownImage | ShownColumns | ShownNumbers | ShownInputs;
