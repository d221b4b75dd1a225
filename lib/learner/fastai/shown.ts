/** A text as the model sees it. @publicApi */
export interface ShownText {
  /**
   * The tokens in the model's order, with fastai's markers (`xxbos`, `xxmaj`), and `xxunk` for
   * words that the vocabulary lacks.
   */
  readonly tokens: readonly string[];
}

/** An image as the model sees it. @publicApi */
export interface ShownImage {
  /**
   * The pixels after cropping, padding and resizing, before normalization: rows from the top,
   * channels interleaved, one byte each. 1 channel is grey, 3 are RGB.
   */
  readonly image: {
    readonly width: number;
    readonly height: number;
    readonly channels: 1 | 3;
    readonly data: Uint8Array;
  };
}

/** A cell after the learner's procs. @publicApi */
export interface ShownCell {
  readonly name: string;
  /**
   * A category, with `#na#` for a missing or unknown one; or a number in its own unit, filled if it
   * was missing.
   */
  readonly value: string | number | boolean;
  /** False for `#na#` and for a number that was filled. */
  readonly known: boolean;
}

/** A row as the model sees it. @publicApi */
export interface ShownColumns {
  /** The columns of the learner's schema, in its order. */
  readonly columns: readonly ShownCell[];
}

/** Numbers as the model sees them, after the transforms, in row-major order. @publicApi */
export interface ShownNumbers {
  readonly values: readonly number[];
  readonly shape: readonly number[];
}

/** An item of several inputs as the model sees it: each input by name, in order. @publicApi */
export interface ShownInputs {
  readonly inputs: readonly ({ readonly name: string } & (ShownText | ShownImage | ShownNumbers))[];
}

/** An item as the model sees it. @publicApi */
export type Shown = ShownText | ShownImage | ShownColumns | ShownNumbers | ShownInputs;
