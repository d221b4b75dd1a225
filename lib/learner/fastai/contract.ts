import type { Tensor } from 'onnxruntime-common';
import type { CodeSources } from '../python/code-source.js';
import type { Explanation, ExplainedTarget } from './explanation.js';
import type { Shown } from './shown.js';

/**
 * What a learner predicts from: a text, the beginning of a text (`lm`), a data frame row, a user
 * and item pair, an image, an array of numbers such as a time series (`array`), several inputs
 * (`mixed`), or anything else (`custom`).
 *
 * @publicApi
 */
export type LearnerKind =
  'text' | 'lm' | 'tabular' | 'collab' | 'vision' | 'array' | 'mixed' | 'custom';

/** `dls.vocab`: a list of names, or one list for each input and target that has one. @publicApi */
export type Vocab = readonly string[] | readonly (readonly string[])[];

/**
 * What fastai shows for a target: one class name or number, or a list of them.
 *
 * @publicApi
 */
export type DecodedTarget = string | string[] | number | number[];

/**
 * fastai's `[decoded, target, probabilities]`: the class name, list of names, number or row; the
 * decoded prediction as a tensor (int64 index, bool flags or float32 values); and the float32
 * output after the loss function's activation. Tensors have no batch dimension.
 *
 * @publicApi
 */
export type Prediction<Decoded = DecodedTarget> = [decoded: Decoded, target: Tensor, probs: Tensor];

/**
 * `[predictions, targets]` as fastai's `get_preds` over a test set, which has no targets.
 *
 * @publicApi
 */
export type Predictions = [predictions: Tensor, targets: null];

/** What `getPreds` gives beside the predictions. @publicApi */
export interface PredsOptions {
  /** The decoded predictions, fastai's `with_decoded`: indices, flags or values. @default false */
  readonly withDecoded?: boolean;
  /** What the model was given, fastai's `with_input`. @default false */
  readonly withInput?: boolean;
}

/**
 * The model's inputs for a list of items: images float32 `[items, channels, height, width]`;
 * rows int64 codes `[items, columns]` and float32 numbers `[items, columns]`; texts int64 ids
 * `[length]` each, without padding. Images of several sizes come one by one as well. Of several inputs
 * a tensor `[items, ...]` for each of them, where all items have the same sizes.
 *
 * @publicApi
 */
export type GivenInputs = Tensor | readonly Tensor[];

/**
 * fastai's tuple of `get_preds`: the inputs where they are asked for, predictions, no targets, and
 * the decoded predictions where they are asked for.
 *
 * @publicApi
 */
export type PredictionsWith<Options extends PredsOptions> = [
  ...(Options['withInput'] extends true ? [inputs: GivenInputs] : []),
  predictions: Tensor,
  targets: null,
  ...(Options['withDecoded'] extends true ? [decoded: Tensor] : []),
];

/**
 * Name of an activation that `Learner.load` accepts in place of an unknown loss function's.
 *
 * @publicApi
 */
export type ActivationName = 'none' | 'softmax' | 'sigmoid';

/** A step that a text goes through before it is split into tokens. @publicApi */
export type TextRule = (text: string) => string;

/**
 * Text rules by the name of the Python function that they stand for, with its module
 * (`__main__.my_rule`) or without.
 *
 * @publicApi
 */
export type TextRules = Readonly<Record<string, TextRule>>;

/** A text to tokens. */
export type Tokenize = (text: string) => string[];

/** What `Learner.load` can be told. @publicApi */
export interface LearnerOptions {
  /**
   * An ONNX file made with `torch.onnx.export` to run in place of the learner's own model, for
   * models with a layer that has no lowering. Its one input takes what `learner.model` takes (a
   * text: int64 ids of shape `[1, length]`), its first output is what `learner.model` returns.
   * Transforms and decoding stay the learner's.
   */
  onnx?: string | Uint8Array;
  /**
   * How an image learner decodes JPEGs. `scaled` is for large photographs: where the learner shrinks
   * an image to a fixed size, libjpeg's own scaling (Pillow's `Image.draft`) leaves an eighth, a
   * quarter or a half of the pixels along each axis, at least twice as many as the resizing needs
   * (Pillow's `reducing_gap=2`). Pixels differ slightly from fastai's, and so do predictions. Other
   * images, and JPEGs of rarer kinds (CMYK), are decoded exactly.
   *
   * @default 'exact'
   */
  decode?: 'exact' | 'scaled';
  /** Threads that onnxruntime uses within one run. @default 1 */
  intraOpNumThreads?: number;
  /**
   * `int8` keeps the weights of matrix products and LSTMs (those of 1024 elements or more) in 8 bits
   * and quantizes what they are multiplied with while it runs, as torch's `quantize_dynamic` does.
   * Convolutions stay float32. A large LSTM runs about five times as fast. Predictions differ
   * slightly from fastai's: `vts compare NAME --quantize int8 --data FILE` tells by how much.
   *
   * @default float32, fastai's own numbers
   */
  quantize?: 'int8';
  /**
   * A folder that keeps the lowered (or quantized) model for the next time, which then opens in less
   * time and has its weights mapped from there. At most four are kept; whoever can write to it
   * decides on the numbers.
   *
   * @default nowhere; a model of a store has one beside it
   */
  cacheFolder?: string;
  /**
   * The activation of a loss function that the file does not define.
   *
   * @default what fastai's loss function does
   */
  activation?: ActivationName;
  /** Text rules that the file names but does not define, by the function's name. */
  rules?: TextRules;
  /**
   * Splits texts in place of a tokenizer that is not in the file: the path or the bytes of a
   * SentencePiece `.model` file, for fastai's `SentencePieceTokenizer` and classes of your own, or a
   * function. The learner's rules run before it. Pieces are those of Python's `sentencepiece`.
   *
   * @default the tokenizer of the file, SentencePiece models included
   */
  tokenizer?: string | Uint8Array | ((text: string) => string[]);
  /**
   * Python source of classes and functions that the file only names: a `.py` file, a notebook, or a
   * list of them, in the order in which Python would have run them. Needed for learners of fastai 2.0
   * to 2.7, whose files do not hold the notebook's own code. It is followed, never run; only the
   * definitions that the learner needs are read.
   *
   * @example
   * await Learner.load('export.pkl', { code: 'notebook.ipynb' });
   */
  code?: CodeSources;
  /**
   * Transforms that the learner used in training alone (`split_idx = 0`), by the name of their class,
   * with its module or without: they are left out. Needed where the file only names the class and
   * its code is not given.
   *
   * @example
   * await Learner.load('export.pkl', { trainingOnly: ['SegmentationAlbumentationsTransform'] });
   */
  trainingOnly?: readonly string[];
}

/** A column that a tabular learner's rows have. @publicApi */
export interface TabularColumn {
  readonly name: string;
  readonly kind: 'category' | 'number';
  /** What the learner saw in training; other values count as missing. Undefined for numbers. */
  readonly categories?: readonly (string | number | boolean)[];
  /** Whether the cell may be empty. */
  readonly nullable: boolean;
  /** A value that the learner knows: its first category, or the mean of the numbers. */
  readonly example: string | number | boolean | null;
}

/** What a tabular or collaborative-filtering learner takes and predicts. @publicApi */
export interface TabularSchema {
  readonly columns: readonly TabularColumn[];
  readonly targets: readonly string[];
  /** True where code of the notebook prepares rows, which may read or make other columns. */
  readonly ownCode?: true;
}

/**
 * fastai's first element of a tabular prediction: the row as the model took it (category codes,
 * filled and normalized numbers), then the decoded target, a number for each of its columns.
 *
 * @publicApi
 */
export type DecodedRow = Record<string, number | number[]>;

/**
 * A decoded row as fastai shows it: category names, numbers in their own unit, class names.
 *
 * @publicApi
 */
export type ShownRow = Record<string, string | number | boolean | null | number[]>;

/** A data frame of a library: what is used of arquero's `Table`. @publicApi */
export interface FrameLike {
  numRows(): number;
  columnNames(): string[];
  /** The cells as they are kept, including rows that are filtered out. */
  column(name: string): { readonly length: number; at(row: number): unknown } | undefined;
  /** The cells of the rows that are in, in order. */
  array(name: string): ArrayLike<unknown>;
  isFiltered(): boolean;
  isOrdered(): boolean;
}

/**
 * What a learner answers with: one class, several labels, numbers, a class for each pixel, points
 * of an image, or more words.
 *
 * @publicApi
 */
export type LearnerTask = 'classify' | 'multilabel' | 'regress' | 'segment' | 'points' | 'generate';

/**
 * A learner's input and answer, as plain data: it can go through JSON and messages between
 * threads. What is not known of a learner is left out.
 *
 * @publicApi
 */
export interface LearnerDescription {
  /** What it predicts from. */
  readonly kind: LearnerKind;
  readonly task: LearnerTask;
  /** Names of the target's classes or labels by index; for `segment` the codes of the mask. */
  readonly classes?: readonly string[];
  /** For `multilabel`: labels whose probability is above it are predicted (`thresh` of the loss). */
  readonly threshold?: number;
  /** For `regress`: the model's `y_range`, between which all its answers lie. */
  readonly range?: readonly [low: number, high: number];
  /** For `regress`: the names of the numbers, in order. */
  readonly targets?: readonly string[];
  /** Of rows: their columns. */
  readonly columns?: TabularSchema;
  /** Of images: the size that all have when the model sees them, in pixels. */
  readonly size?: readonly [height: number, width: number];
  /** Of arrays: the shape of an item without the batch, e.g. `[variables, length]`; null where any size is taken. */
  readonly shape?: readonly (number | null)[];
  /** Of several inputs: each by itself, in the order in which an item lists them. */
  readonly inputs?: readonly LearnerInput[];
  /**
   * Of images: the user's own reader (`get_x`) that an item goes through where it is a path. Bytes
   * and pixels skip it, as in fastai.
   */
  readonly pathReader?: string;
}

/** One of the inputs of a learner of kind `mixed`. @publicApi */
export interface LearnerInput extends Pick<
  LearnerDescription,
  'kind' | 'columns' | 'size' | 'shape'
> {
  /** Its name in an item that is an object, and the name of its part in a form. */
  readonly name: string;
}

/** What the transforms of a learner tell of its answers. */
export type Answers = Pick<
  LearnerDescription,
  'task' | 'classes' | 'targets' | 'size' | 'shape' | 'inputs' | 'pathReader'
>;

/** What is to be explained: which of a model's outputs, once there are some. */
export interface Asked {
  /**
   * The output that was asked for, or that the learner predicts. Takes the model's output for one
   * item, before the loss function's activation. @throws ExplainTargetError
   */
  choose(output: Tensor): Promise<ExplainedTarget>;
  /** The probability (or number) of an output in each row. */
  scores(outputs: Tensor, target: ExplainedTarget): Promise<number[]>;
}

/** What depends on a learner's kind: transforms of the item, the model, decoding. */
export interface Inference<Encoded = unknown, Decoded = DecodedTarget> {
  readonly vocab: Vocab;
  /** Item and batch transforms of one item. @throws InputError for an item they do not take. */
  encode(item: unknown): Encoded | Promise<Encoded>;
  /** The model's output before the loss function's activation, a row an item. */
  forward(batch: readonly Encoded[]): Promise<Tensor>;
  /** The same for kinds that take whole tables. @throws InputError */
  forwardAll?(items: unknown): Promise<Tensor>;
  /** What the model is given, in the form in which `getPreds` returns it. */
  inputs?(batch: readonly Encoded[]): Promise<GivenInputs>;
  /** The same for kinds that take whole tables. @throws InputError */
  inputsAll?(items: unknown): GivenInputs;
  /**
   * Passes with the transforms of training, each of which draws anew; without it they would be
   * plain ones. @throws NotAugmentableError
   */
  augmented?(batch: readonly Encoded[], seed: number): Promise<() => Promise<Tensor>>;
  /** fastai's first element of `predict` for one row of decoded predictions. */
  decode(target: Tensor, encoded: Encoded): Decoded;
  /** What the answers are, as far as transforms tell. */
  readonly answers: Answers;
  /** What the model sees of an item. @throws InputError for an item that is not taken. */
  show(item: unknown): Shown | Promise<Shown>;
  /** Why the model answers as it does. @throws InputError, NotExplainableError */
  explain?(item: unknown, question: Asked): Promise<Explanation>;
  tokenize?(text: string): string[];
  readonly schema?: TabularSchema;
  decodeRow?(row: DecodedRow): ShownRow;
  release(): Promise<void>;
}
