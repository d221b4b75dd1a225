import type { Tensor } from 'onnxruntime-common';
import { BaseLearner } from './base-learner.js';
import { readTarget, type DecodedTarget } from './data/target.js';
import { rowOf } from './data/rows.js';
import { UnexpectedItemError, WrongLearnerKindError } from './errors/index.js';
import type { Inference, Vocab } from './inference.js';
import { createInference } from './kinds.js';
import { openLearnerFile, type LearnerFile } from './learner-file.js';
import { readLoss, type ActivationName, type Loss } from './losses/loss.js';
import type { DecodedRow, FrameLike, ShownRow, TabularSchema } from './tabular/index.js';
import type { TextRules } from './text/index.js';
import { LMLearner } from './text/lm/lm-learner.js';

/** What `Learner.load` can be told. @publicApi */
export interface LearnerOptions {
  /**
   * An ONNX file made with `torch.onnx.export` to run in place of the learner's own model, for
   * models with a layer that has no lowering. Its one input takes what `learner.model` takes (a
   * text: int64 ids of shape `[1, length]`), its first output is what `learner.model` returns.
   * Transforms and decoding stay the learner's.
   */
  onnx?: string | Uint8Array;
  /** Threads that onnxruntime uses within one run. @default 1 */
  intraOpNumThreads?: number;
  /**
   * The activation of a loss function that the file does not define.
   *
   * @default what fastai's loss function does
   */
  activation?: ActivationName;
  /**
   * Implementations of text rules that the file names but does not define, by the function's name.
   */
  rules?: TextRules;
  /**
   * Splits texts in place of a tokenizer that is not in the file (SentencePiece, a class of the
   * user's own). The learner's rules run before it.
   */
  tokenizer?: (text: string) => string[];
}

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

/**
 * A fastai 2 learner, read from its `export.pkl` and run by onnxruntime. Nothing in the file is
 * executed.
 *
 * @example
 * const learner = await Learner.load('export.pkl');
 * const [decoded, target, probs] = await learner.predict('I really liked that movie!');
 *
 * @publicApi
 */
export class Learner<Item = unknown, Decoded = DecodedTarget> extends BaseLearner {
  private constructor(
    source: string | Uint8Array,
    file: LearnerFile,
    private readonly loss: Loss,
    private readonly inference: Inference<unknown, Decoded>,
  ) {
    super(source, file);
  }

  /**
   * Reads an `export.pkl`, lowers its model and makes it ready to run.
   *
   * The file of a language model gives an {@link LMLearner}, whose `predict` continues a text;
   * `LMLearner.load` has its type.
   *
   * @param source Path of the file, or its bytes.
   * @throws FastaiVersionError, NotALearnerError, UnsupportedModuleError, UnknownLossError and the
   * errors of damaged files.
   */
  static async load<Item = unknown, Decoded = DecodedTarget>(
    source: string | Uint8Array,
    options: LearnerOptions = {},
  ): Promise<Learner<Item, Decoded>> {
    const file = openLearnerFile(source);
    try {
      if (file.kind === 'lm') {
        const learner: BaseLearner = await LMLearner.create(source, file, options);
        return learner as Learner<Item, Decoded>;
      }
      return await Learner.#create<Item, Decoded>(source, file, options);
    } finally {
      file.torchFile.close();
    }
  }

  static async #create<Item, Decoded>(
    source: string | Uint8Array,
    file: LearnerFile,
    options: LearnerOptions,
  ): Promise<Learner<Item, Decoded>> {
    const loss = readLoss(file.loss, options.activation);
    const target = readTarget(file.dls.targets.flatMap(({ transforms }) => transforms));
    const inference = await createInference(file, target, options);
    return new Learner(source, file, loss, inference as Inference<unknown, Decoded>);
  }

  /**
   * `dls.vocab`: for a text classifier the token vocabulary and the classes, for a regression of
   * texts the token vocabulary alone, for an image classifier the classes.
   */
  get vocab(): Vocab {
    return this.inference.vocab;
  }

  /**
   * fastai's `learner.predict(item)`.
   *
   * @throws InputError for an item that the learner's transforms do not take.
   */
  async predict(item: Item): Promise<Prediction<Decoded>> {
    const inference = this.#use();
    const encoded = inference.encode(item);
    const activated = this.loss.activation(await inference.forward([encoded]));
    const target = rowOf(this.loss.decodes(activated), 0);
    return [inference.decode(target, encoded), target, rowOf(activated, 0)];
  }

  /**
   * fastai's `learner.get_preds(dl=learner.dls.test_dl(items))`, each row as it is alone: a longer
   * neighbour in the batch changes nothing (in fastai it does, for texts).
   *
   * @param items A list; for learners that predict from rows also a data frame (arquero's `Table`).
   * @returns float32 predictions of shape `[items, ...]` after the activation, and `null` for the
   * targets.
   * @throws InputError for an empty list, or an item that the learner's transforms do not take.
   */
  async getPreds(items: readonly Item[] | FrameLike): Promise<Predictions> {
    const inference = this.#use();
    if (inference.forwardAll) {
      return [this.loss.activation(await inference.forwardAll(items)), null];
    }
    if (!Array.isArray(items)) throw new UnexpectedItemError('a data frame', 'a list of items');
    if (items.length === 0) throw new UnexpectedItemError('an empty list', 'one item or more');
    const encoded = items.map((item) => inference.encode(item));
    return [this.loss.activation(await inference.forward(encoded)), null];
  }

  /**
   * The tokens that a text learner's own tokenizer makes of a text, after all rules.
   *
   * @throws WrongLearnerKindError for learners of other kinds.
   */
  tokenize(text: string): string[] {
    const { tokenize } = this.#use();
    if (!tokenize) throw new WrongLearnerKindError('tokenize', 'text', this.kind);
    return tokenize(text);
  }

  /**
   * The columns that the rows of a tabular or collaborative-filtering learner have, with their
   * categories.
   *
   * @throws WrongLearnerKindError for learners of other kinds.
   */
  get schema(): TabularSchema {
    const { schema } = this.#use();
    if (!schema) throw new WrongLearnerKindError('schema', 'tabular', this.kind);
    return schema;
  }

  /**
   * fastai's `row.decode()`: the decoded row of a prediction with category and class names in place
   * of codes, and numbers as they were before they were normalized.
   *
   * @throws WrongLearnerKindError for learners of other kinds.
   */
  decodeRow(row: DecodedRow): ShownRow {
    const { decodeRow } = this.#use();
    if (!decodeRow) throw new WrongLearnerKindError('decodeRow', 'tabular', this.kind);
    return decodeRow(row);
  }

  protected override free(): Promise<void> {
    return this.inference.release();
  }

  #use(): Inference<unknown, Decoded> {
    this.assertNotReleased();
    return this.inference;
  }
}
