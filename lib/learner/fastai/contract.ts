import type { Tensor } from 'onnxruntime-common';
import type { InputError } from '../errors/index.js';
import type { ResultForm } from '../onnx/lowering/result-form.js';
import type { CodeSources } from '../python/code-source.js';
import type { Explanation, ExplainedTarget } from './explanation.js';
import type { Shown } from './shown.js';

/**
 * The kind of a learner's items. A `text` learner takes a text, and `lm` continues one. A `tabular`
 * learner takes a data frame row, and `collab` a user and an item. An `array` is numbers, such as a
 * time series. A `mixed` learner has several inputs, and `custom` is anything else.
 *
 * @publicApi
 */
export type LearnerKind =
  'text' | 'lm' | 'tabular' | 'collab' | 'vision' | 'array' | 'mixed' | 'custom';

/** `dls.vocab`: a list of names, or one list for each input and target that has one. @publicApi */
export type Vocab = readonly string[] | readonly (readonly string[])[];

/**
 * A target as fastai shows it: one class name or number, or a list of them.
 *
 * @publicApi
 */
export type DecodedTarget = string | string[] | number | number[];

/**
 * The answer of a model: one tensor, or a list if the model returns several results (a face's age,
 * gender and ethnicity, from one head each).
 *
 * @publicApi
 */
export type Results = Tensor | readonly Tensor[];

/**
 * fastai's `[decoded, target, probabilities]`: the class name, list of names, number or row; the
 * decoded prediction as a tensor (int64 index, bool flags or float32 values); and the float32
 * output after the loss function's activation. Tensors have no batch dimension.
 *
 * For a model of several results, each element is a list with one entry for each result. fastai has
 * the same list in `decoded`. Its other two elements hold only the first result, as a batch.
 *
 * @publicApi
 */
export type Prediction<Decoded = DecodedTarget, Given extends Results = Tensor> = [
  decoded: Decoded,
  target: Given,
  probs: Given,
];

/**
 * `[predictions, targets]` of fastai's `get_preds` for a test set, which has no targets.
 *
 * @publicApi
 */
export type Predictions<Given extends Results = Tensor> = [predictions: Given, targets: null];

/** Further results of `getPreds`. @publicApi */
export interface PredsOptions {
  /** The decoded predictions, fastai's `with_decoded`: indices, flags or values. @default false */
  readonly withDecoded?: boolean;
  /** The model's inputs, fastai's `with_input`. @default false */
  readonly withInput?: boolean;
}

/**
 * The model's inputs for a list of items: images float32 `[items, channels, height, width]`; rows
 * int64 codes `[items, columns]` and float32 numbers `[items, columns]`; texts int64 ids `[length]`
 * each, without padding. Images of different sizes are separate tensors as well. A learner of
 * several inputs gives a tensor `[items, ...]` for each input, if all items have the same sizes.
 *
 * @publicApi
 */
export type GivenInputs = Tensor | readonly Tensor[];

/**
 * fastai's tuple of `get_preds`: the inputs if requested, the predictions, no targets, and the
 * decoded predictions if requested.
 *
 * @publicApi
 */
export type PredictionsWith<Options extends PredsOptions, Given extends Results = Tensor> = [
  ...(Options['withInput'] extends true ? [inputs: GivenInputs] : []),
  predictions: Given,
  targets: null,
  ...(Options['withDecoded'] extends true ? [decoded: Given] : []),
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
 * Text rules by the name of the Python function that they replace, with its module
 * (`__main__.my_rule`) or without.
 *
 * @publicApi
 */
export type TextRules = Readonly<Record<string, TextRule>>;

/** Splits a text into tokens. */
export type Tokenize = (text: string) => string[];

/** Options of `Learner.load`. @publicApi */
export interface LearnerOptions {
  /**
   * An ONNX file made with `torch.onnx.export` to run in place of the learner's own model, for a
   * model with an unsupported layer. Its only input is that of `learner.model` (for a text, int64
   * ids of shape `[1, length]`), and its first output is what `learner.model` returns. The learner
   * still runs its own transforms and decoding.
   */
  onnx?: string | Uint8Array;
  /**
   * How an image learner decodes JPEGs. `scaled` is for large photographs. If the learner shrinks
   * images to a fixed size, libjpeg's own scaling (Pillow's `Image.draft`) keeps an eighth, a
   * quarter or a half of the pixels along each axis. It keeps at least twice as many as the resize
   * needs (Pillow's `reducing_gap=2`). Pixels and predictions then differ slightly from fastai's.
   * Other images, and JPEGs of rare kinds (CMYK), are decoded exactly.
   *
   * @default 'exact'
   */
  decode?: 'exact' | 'scaled';
  /** Threads that onnxruntime uses within one run. @default 1 */
  intraOpNumThreads?: number;
  /**
   * `int8` keeps the weights of matrix products and LSTMs (those of 1024 elements or more) in 8
   * bits and quantizes the other operand at run time, like torch's `quantize_dynamic`. Convolutions
   * stay float32. A large LSTM runs about five times as fast. Predictions differ slightly from
   * fastai's: `vts compare NAME --quantize int8 --data FILE` measures the difference.
   *
   * @default float32, fastai's own numbers
   */
  quantize?: 'int8';
  /**
   * A folder that caches the lowered (or quantized) model. The next load is faster and maps its
   * weights from there. The folder keeps at most four models. Anyone who can write to the folder
   * can change the predictions.
   *
   * @default no cache; a model in a store has one beside it
   */
  cacheFolder?: string;
  /**
   * The activation of a loss function that the file does not define. If the model returns several
   * results, one for each, in order; a result with `softmax` is decoded to a class, one with
   * `sigmoid` to labels above 0.5, and one with `none` stays as it is.
   *
   * @example
   * await Learner.load('faces.pkl', { activation: ['none', 'softmax', 'softmax'] });
   *
   * @default the activation of fastai's loss function
   */
  activation?: ActivationName | readonly ActivationName[];
  /** Text rules that the file names but does not define, by function name. */
  rules?: TextRules;
  /**
   * Replaces a tokenizer that is not in the file: the path or the bytes of a SentencePiece `.model`
   * file, for fastai's `SentencePieceTokenizer` and your own classes, or a function. The learner's
   * rules run before it. The pieces equal those of Python's `sentencepiece`.
   *
   * @default the tokenizer in the file, including a SentencePiece model
   */
  tokenizer?: string | Uint8Array | ((text: string) => string[]);
  /**
   * Python source of classes and functions that the file only names: a `.py` file, a notebook, or a
   * list of them in the order in which Python ran them. Learners of fastai 2.0 to 2.7 need it,
   * because their files do not contain the notebook's own code. The code is traced, never executed,
   * and only the definitions that the learner needs are read.
   *
   * @example
   * await Learner.load('export.pkl', { code: 'notebook.ipynb' });
   */
  code?: CodeSources;
  /**
   * Transforms that the learner used only in training (`split_idx = 0`), by class name, with or
   * without the module. They are left out. Needed if the file only names the class and `code` does
   * not define it.
   *
   * @example
   * await Learner.load('export.pkl', { trainingOnly: ['SegmentationAlbumentationsTransform'] });
   */
  trainingOnly?: readonly string[];
}

/** A column of a tabular learner's rows. @publicApi */
export interface TabularColumn {
  readonly name: string;
  readonly kind: 'category' | 'number';
  /**
   * The values that the learner saw in training; other values count as missing. Undefined for
   * numbers.
   */
  readonly categories?: readonly (string | number | boolean)[];
  /** Whether the cell may be empty. */
  readonly nullable: boolean;
  /** A known value: the first category, or the mean of the numbers. */
  readonly example: string | number | boolean | null;
}

/** The rows and targets of a tabular or collaborative-filtering learner. @publicApi */
export interface TabularSchema {
  readonly columns: readonly TabularColumn[];
  readonly targets: readonly string[];
  /** True if the notebook's code prepares rows; it may read or make other columns. */
  readonly ownCode?: true;
}

/**
 * fastai's first element of a tabular prediction: the row as the model received it (category codes,
 * filled and normalized numbers), then the decoded target, one number for each of its columns.
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

/** A data frame of another library: the part of arquero's `Table` that is used. @publicApi */
export interface FrameLike {
  numRows(): number;
  columnNames(): string[];
  /** All stored cells, including those of filtered rows. */
  column(name: string): { readonly length: number; at(row: number): unknown } | undefined;
  /** The cells of the rows that pass the filter, in order. */
  array(name: string): ArrayLike<unknown>;
  isFiltered(): boolean;
  isOrdered(): boolean;
}

/**
 * The kind of a learner's answer: one class, several labels, numbers, a class for each pixel,
 * points of an image, an image, or more words. With `several`, a model returns several results. Each
 * has a task of its own.
 *
 * @publicApi
 */
export type LearnerTask =
  'classify' | 'multilabel' | 'regress' | 'segment' | 'points' | 'image' | 'generate' | 'several';

/**
 * A learner's input and answer as plain data, which JSON and messages between threads can carry.
 * Unknown facts are left out.
 *
 * @publicApi
 */
export interface LearnerDescription {
  /** The kind of its items. */
  readonly kind: LearnerKind;
  readonly task: LearnerTask;
  /** Names of the target's classes or labels by index; for `segment` the codes of the mask. */
  readonly classes?: readonly string[];
  /**
   * For `multilabel`: a label is predicted if its probability is above this (`thresh` of the loss).
   */
  readonly threshold?: number;
  /** For `regress`: the model's `y_range`, which bounds all its answers. */
  readonly range?: readonly [low: number, high: number];
  /** For `regress`: the names of the numbers, in order. */
  readonly targets?: readonly string[];
  /** For rows: their columns. */
  readonly columns?: TabularSchema;
  /** For images: the size in pixels at which the model sees every image. */
  readonly size?: readonly [height: number, width: number];
  /**
   * For arrays: the shape of an item without the batch, such as `[variables, length]`; null for a
   * size that varies.
   */
  readonly shape?: readonly (number | null)[];
  /** For several inputs: each input, in the order of an item's list. */
  readonly inputs?: readonly LearnerInput[];
  /** For `several`: each result, in the order of the model. */
  readonly results?: readonly LearnerResult[];
  /**
   * For images: the user's own reader (`get_x`), which runs on items that are paths. Bytes and
   * pixels skip it, as in fastai.
   */
  readonly pathReader?: string;
}

/** One of the inputs of a learner of kind `mixed`. @publicApi */
export interface LearnerInput extends Pick<
  LearnerDescription,
  'kind' | 'columns' | 'size' | 'shape'
> {
  /** The key of the input in an item that is an object, and the name of its part in a form. */
  readonly name: string;
}

/** One of the results of a learner with the task `several`. @publicApi */
export interface LearnerResult extends Pick<
  LearnerDescription,
  'task' | 'classes' | 'threshold' | 'targets'
> {
  /** The column of the target, its labelling function, or its kind; each name is different. */
  readonly name: string;
}

/** Facts about a learner's answers, from its transforms. */
export type Answers = Pick<
  LearnerDescription,
  'task' | 'classes' | 'targets' | 'size' | 'shape' | 'inputs' | 'results' | 'pathReader'
>;

/** The output to explain, chosen from the model's outputs when they are known. */
export interface Asked {
  /**
   * The requested output, or the predicted one. Takes the model's output for one item, before the
   * loss function's activation. @throws ExplainTargetError
   */
  choose(output: Tensor): Promise<ExplainedTarget>;
  /** The probability (or number) of an output in each row. */
  scores(outputs: Tensor, target: ExplainedTarget): Promise<number[]>;
}

/**
 * Told of a row that is refused, perhaps several times: the first error is that of the row alone.
 *
 * @param error Made only if it is asked for, because each has a stack trace.
 */
export type OnFault = (row: number, error: () => InputError) => void;

/** The parts of a learner that depend on its kind: transforms of the item, the model, decoding. */
export interface Inference<Encoded = unknown, Decoded = DecodedTarget> {
  readonly vocab: Vocab;
  /**
   * Item and batch transforms of one item. @throws InputError for an item that they do not take.
   */
  encode(item: unknown): Encoded | Promise<Encoded>;
  /** How the model returns its results; undefined until an item shows it. */
  readonly form: ResultForm | undefined;
  /** The model's output before the loss function's activation, one row per item. */
  forward(batch: readonly Encoded[]): Promise<Results>;
  /**
   * The same for kinds that take whole tables.
   *
   * @param onFault Told of rows that are refused, whose outputs mean nothing.
   * @throws InputError of the first row that is refused, if nobody is told.
   */
  forwardAll?(items: unknown, onFault?: OnFault): Promise<Results>;
  /** The model's inputs, in the form that `getPreds` returns. */
  inputs?(batch: readonly Encoded[]): Promise<GivenInputs>;
  /** The same for kinds that take whole tables. @throws InputError */
  inputsAll?(items: unknown): GivenInputs;
  /**
   * Passes with the transforms of training; each pass draws new random numbers. Without this
   * method, passes are plain. @throws NotAugmentableError
   */
  augmented?(batch: readonly Encoded[], seed: number): Promise<() => Promise<Results>>;
  /**
   * For kinds without that method: the first transform that changes items in another way in
   * training, or null. Undefined for kinds that fastai never changes.
   */
  readonly drawn?: string | null;
  /** fastai's first element of `predict` for one row of decoded predictions. */
  decode(target: Tensor, encoded: Encoded): Decoded;
  /** For kinds whose results make one row. @throws UnsupportedLearnerError if fastai's `predict` fails as well. */
  decodeSeveral?(targets: readonly Tensor[], encoded: Encoded): Decoded;
  /** For those kinds: what a model of several results answers. */
  readonly severalAnswers?: Required<Pick<Answers, 'task' | 'results'>>;
  /** `dls.vocab` of the inputs. */
  readonly inputVocabs?: readonly (readonly string[])[];
  /** Facts about the answers, as far as the transforms show them. */
  readonly answers: Answers;
  /**
   * The item as the model sees it. @throws InputError for an item that the learner does not take.
   */
  show(item: unknown): Shown | Promise<Shown>;
  /** The reasons for the model's answer. @throws InputError, NotExplainableError */
  explain?(item: unknown, question: Asked): Promise<Explanation>;
  tokenize?(text: string): string[];
  readonly schema?: TabularSchema;
  decodeRow?(row: DecodedRow): ShownRow;
  release(): Promise<void>;
}
