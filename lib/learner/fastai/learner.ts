import type { Tensor } from 'onnxruntime-common';
import type { InputError } from '../errors/index.js';
import { sharingCode } from '../onnx/tracing/read-sources.js';
import { BaseLearner } from './base-learner.js';
import type {
  DecodedRow,
  DecodedTarget,
  FrameLike,
  Inference,
  LearnerDescription,
  LearnerOptions,
  OnFault,
  Prediction,
  GivenInputs,
  Predictions,
  PredictionsWith,
  PredsOptions,
  Results,
  ShownRow,
  TabularSchema,
  Vocab,
} from './contract.js';
import { readTarget } from './data/target.js';
import { decodedTarget } from './data/target-types.js';
import {
  NotAugmentableError,
  NotExplainableError,
  UnexpectedItemError,
  WrongLearnerKindError,
} from './errors.js';
import { Question } from './explain/question.js';
import type { Explanation, ExplainOptions } from './explanation.js';
import { describeLearner, rangeOf } from './description.js';
import { createInference } from './kinds.js';
import { openLearnerFile, type LearnerFile } from './learner-file.js';
import type { Loss } from './losses/loss.js';
import { openLoss } from './losses/open-loss.js';
import { refuseBoxes } from './refuse-boxes.js';
import { Answering } from './results/answering.js';
import type { ReadingTargets } from './results/result-targets.js';
import { firstRow, onlyResult, isSeveral } from './results/results.js';
import type { Shown } from './shown.js';
import type { TtaOptions, TtaPredictions } from './tta.js';

/**
 * A fastai 2 learner, read from its `export.pkl` and run by onnxruntime. It executes no code of the
 * file.
 *
 * @example
 * const learner = await Learner.load('export.pkl');
 * const [decoded, target, probs] = await learner.predict('I really liked that movie!');
 *
 * @publicApi
 */
export class Learner<
  Item = unknown,
  Decoded = DecodedTarget,
  Given extends Results = Tensor,
> extends BaseLearner {
  readonly #range: LearnerDescription['range'];
  readonly #answering: Answering;

  private constructor(
    source: string | Uint8Array,
    file: LearnerFile,
    private readonly loss: Loss,
    private readonly inference: Inference<unknown, Decoded> & ReadingTargets,
    options: LearnerOptions,
  ) {
    super(source, file, options);
    this.#answering = new Answering(inference, loss, file);
    this.#range = inference.answers.task === 'regress' ? rangeOf(file.model) : undefined;
  }

  /**
   * Reads an `export.pkl`, lowers its model and opens a session.
   *
   * A language model's file returns an {@link LMLearner}, whose `predict` continues a text;
   * `LMLearner.load` has that type.
   *
   * @param source Path of the file, or its bytes.
   * @throws FastaiVersionError, NotALearnerError, UnsupportedModuleError, UnknownLossError and the
   * errors of damaged files.
   */
  static async load<Item = unknown, Decoded = DecodedTarget, Given extends Results = Tensor>(
    source: string | Uint8Array,
    options: LearnerOptions = {},
  ): Promise<Learner<Item, Decoded, Given>> {
    const file = openLearnerFile(source);
    try {
      if (file.kind === 'lm') {
        const { LMLearner } = await import('./text/lm/lm-learner.js');
        const learner: BaseLearner = await LMLearner.create(source, file, options);
        return learner as unknown as Learner<Item, Decoded, Given>;
      }
      refuseBoxes(file);
      const own = sharingCode(options);
      const loss = await openLoss(file, own);
      const target = readTarget(decodedTarget(file.dls).targets[0]?.transforms ?? []);
      let inference: Awaited<ReturnType<typeof createInference>> | undefined;
      try {
        inference = await createInference(file, target, own);
        return new Learner(source, file, loss, inference as Inference<unknown, Decoded>, options);
      } catch (error) {
        await Promise.all([inference?.release(), loss.release?.()]);
        throw error;
      }
    } finally {
      file.torchFile.close();
    }
  }

  /**
   * `dls.vocab`: the token vocabulary and the classes of a text classifier, the token vocabulary of
   * a text regression, the classes of an image classifier. Of several results, a list for each that
   * has classes.
   */
  get vocab(): Vocab {
    return this.#answering.vocab;
  }

  /**
   * fastai's `learner.predict(item)`.
   *
   * @returns `[decoded, target, probs]`. If the model returns several results, each of the three is
   * a list with one entry for each result.
   * @throws UnsupportedLearnerError if the results do not fit the targets: fastai fails as well.
   * @throws InputError for an item that the learner's transforms do not take.
   */
  async predict(item: Item): Promise<Prediction<Decoded, Given>> {
    const inference = this.#use();
    const encoded = await inference.encode(item);
    const activated = await this.#answering.activated(await inference.forward([encoded]));
    const target = firstRow(await this.#answering.decoded(activated)) as Given;
    const decoded = this.#answering.shown(target, encoded) as Decoded;
    return [decoded, target, firstRow(activated.results) as Given];
  }

  /**
   * fastai's `learner.get_preds(dl=learner.dls.test_dl(items))`. It computes each row as if it were
   * alone. In fastai, a longer neighbour in the batch changes the results of texts.
   *
   * @param items A list; for learners of rows also a data frame (arquero's `Table`).
   * @param options Whether to return decoded predictions and the model's inputs as well.
   * @returns float32 predictions of shape `[items, ...]` after the activation, and `null` for the
   * targets; with `withDecoded` the decoded predictions (int64 indices, bool flags or float32
   * values) at the end, with `withInput` the inputs at the beginning. Rows are in the order of the
   * items. If the model returns several results, predictions are a list of one tensor for each.
   * @throws InputError for an empty list, or an item that the learner's transforms do not take.
   * @throws WrongLearnerKindError for `withInput` if the learner cannot return its inputs.
   */
  async getPreds<const Options extends PredsOptions = PredsOptions>(
    items: readonly Item[] | FrameLike,
    options?: Options,
  ): Promise<PredictionsWith<Options, Given>> {
    const { withDecoded = false, withInput = false } = options ?? {};
    const activated = await this.#answering.activated(await this.#outputs(items));
    const inputs = withInput ? [await this.#inputs(items)] : [];
    const decoded = withDecoded ? [await this.#answering.decoded(activated)] : [];
    return [...inputs, activated.results, null, ...decoded] as PredictionsWith<Options, Given>;
  }

  /**
   * As `getPreds` with `withDecoded`. A learner of rows predicts the others if it refuses some.
   *
   * @param faults Takes the errors of refused rows, each as `predict` would throw it. Their
   * predictions mean nothing.
   * @internal
   */
  async predsOfRows(
    items: readonly Item[] | FrameLike,
    faults: Map<number, InputError>,
  ): Promise<[predictions: Results, decoded: Tensor]> {
    const outputs = await this.#outputs(items, (row, error) => {
      if (!faults.has(row)) faults.set(row, error());
    });
    const activated = await this.#answering.activated(outputs);
    return [activated.results, onlyResult(await this.#answering.decoded(activated))];
  }

  /**
   * fastai's `learner.tta(dl=learner.dls.test_dl(items), n=n, beta=beta, use_max=useMax)`: the mean
   * of predictions with the random transforms of training, interpolated with the plain predictions.
   *
   * Batches have the size of the exported learner, because some transforms draw once per batch.
   * Random numbers have fastai's distribution, not its values. Learners of texts and rows have no
   * random transforms, and return what `getPreds` returns. So do learners of arrays and of several
   * inputs, if nothing changes their items in training alone.
   *
   * @returns `[float32 predictions, null]`; with `beta: null` `[[augmented, plain], null]`. With
   * `useMax`, the maximum of all passes and the plain one; `beta` does not change it.
   * @throws NotAugmentableError (an InputError) if a transform of the training is not supported,
   * or if the model returns several results, on which fastai's `tta` fails as well;
   * InvalidTtaOptionError; and as {@link getPreds}.
   */
  async tta(
    items: readonly Item[] | FrameLike,
    options: TtaOptions & { beta: null; useMax?: false },
  ): Promise<[[augmented: Tensor, plain: Tensor], null]>;
  async tta(
    items: readonly Item[] | FrameLike,
    options?: TtaOptions & { beta?: number },
  ): Promise<Predictions>;
  async tta(items: readonly Item[] | FrameLike, options?: TtaOptions): Promise<TtaPredictions>;
  async tta(items: readonly Item[] | FrameLike, options: TtaOptions = {}): Promise<TtaPredictions> {
    const { between, checkTtaOptions, combined } = await import('./tta.js');
    const { n, beta, useMax, seed } = checkTtaOptions(options);
    const inference = this.#use();
    const [given] = (await this.getPreds(items)) as unknown as [Results];
    const plain = onePass(given);
    const passes: Tensor[] = [];
    if (inference.augmented) {
      const pass = await inference.augmented(await encodedBy(inference, items), seed);
      while (passes.length < n) {
        passes.push(onePass((await this.#answering.activated(await pass())).results));
      }
    } else if (typeof inference.drawn !== 'string') passes.push(plain);
    else {
      throw new NotAugmentableError(
        `The learner's training changes its items with "${inference.drawn}", which is supported ` +
          'only for learners of one image',
        'use getPreds()',
      );
    }
    const augmented = combined(passes, useMax);
    if (useMax) return [combined([plain, augmented], true), null];
    return beta === null ? [[augmented, plain], null] : [between(augmented, plain, beta), null];
  }

  /**
   * The tokens of a text by the learner's own tokenizer, after all rules.
   *
   * @throws WrongLearnerKindError for learners of other kinds.
   */
  tokenize(text: string): string[] {
    const { tokenize } = this.#use();
    if (!tokenize) throw new WrongLearnerKindError('tokenize', 'text', this.kind);
    return tokenize(text);
  }

  /**
   * The columns of a tabular or collaborative-filtering learner's rows, with their categories.
   *
   * @throws WrongLearnerKindError for learners of other kinds.
   */
  get schema(): TabularSchema {
    const { schema } = this.#use();
    if (!schema) throw new WrongLearnerKindError('schema', 'tabular', this.kind);
    return schema;
  }

  /** The learner's input and answer. */
  get description(): LearnerDescription {
    const { schema } = this.#use();
    return describeLearner(this.kind, this.#answering.answers, this.loss, this.#range, schema);
  }

  /**
   * The item as the model sees it: tokens, pixels or the cells of a row.
   *
   * @example
   * await learner.show('I LIKED it'); // { tokens: ['xxbos', 'i', 'xxup', 'liked', 'it'] }
   *
   * @throws InputError for an item that the learner's transforms do not take.
   */
  async show(item: Item): Promise<Shown> {
    return this.#use().show(item);
  }

  /**
   * Explains the learner's answer.
   *
   * - Images: a map of where the model sees the class, by Grad-CAM over the output of the last body
   *   layer, as in chapter 18 of fastai's book with hooks on `learn.model[0]`. It differentiates
   *   the class's output before the activation by the features; a channel's weight is the mean of
   *   the gradient over the image.
   * - Texts: leaves out each word once. A marker (`xxmaj`) belongs to its word. In a text of more
   *   than 256 tokens it leaves out groups of words, so an explanation runs at most 65,536 tokens.
   * - Rows: makes each cell missing once. A category becomes `#na#`. A number becomes the value of
   *   `FillMissing`, with its `_na` column, or else the mean of the training data. If the learner
   *   knows neither for a number, that number is not among the parts.
   *
   * @example
   * const { parts } = await learner.explain('a dull film', { target: 'neg' });
   * // [{ token: 'a', index: 1, length: 1, weight: 0.01 }, { token: 'dull', ..., weight: 0.62 }, ...]
   *
   * @throws ExplainTargetError (an InputError) for a class that the learner does not know.
   * @throws NotExplainableError (an InputError) for masks and points, for an image learner with a
   * model from an ONNX file, and for an operation without a gradient after the last features.
   * @throws InputError for an item that the learner's transforms do not take.
   */
  async explain(item: Item, options: ExplainOptions = {}): Promise<Explanation> {
    const inference = this.#use();
    if (!inference.explain || this.#answering.isSeveral) {
      throw new NotExplainableError(
        `A learner with the task "${this.description.task}" has no single answer to explain`,
        'call explain on a classifier or a regression',
      );
    }
    return inference.explain(item, new Question(this.loss, this.description, options));
  }

  /**
   * fastai's `row.decode()`: the decoded row of a prediction with category and class names instead
   * of codes, and numbers before normalization.
   *
   * @throws WrongLearnerKindError for learners of other kinds.
   */
  decodeRow(row: DecodedRow): ShownRow {
    const { decodeRow } = this.#use();
    if (!decodeRow) throw new WrongLearnerKindError('decodeRow', 'tabular', this.kind);
    return decodeRow(row);
  }

  protected override async free(): Promise<void> {
    await Promise.all([this.inference.release(), this.loss.release?.()]);
  }

  async #outputs(items: unknown, onFault?: OnFault): Promise<Results> {
    const inference = this.#use();
    if (inference.forwardAll) return inference.forwardAll(items, onFault);
    return inference.forward(await encodedBy(inference, items));
  }

  async #inputs(items: unknown): Promise<GivenInputs> {
    const inference = this.#use();
    if (inference.inputsAll) return inference.inputsAll(items);
    const { inputs } = inference;
    if (!inputs)
      throw new WrongLearnerKindError(
        'getPreds({ withInput: true })',
        'text, tabular or vision',
        this.kind,
      );
    return inputs(await encodedBy(inference, items));
  }

  #use(): Inference<unknown, Decoded> {
    this.assertNotReleased();
    return this.inference;
  }
}

function onePass(results: Results): Tensor {
  if (isSeveral(results)) throw severalPasses();
  return results;
}

function severalPasses(): NotAugmentableError {
  return new NotAugmentableError(
    "The learner's model returns several results, on which fastai's tta fails as well",
    'use getPreds(), which returns each of them',
  );
}

async function encodedBy(
  inference: Inference<unknown, unknown>,
  items: unknown,
): Promise<unknown[]> {
  if (!Array.isArray(items)) throw new UnexpectedItemError('a data frame', 'a list of items');
  if (items.length === 0) throw new UnexpectedItemError('an empty list', 'one item or more');
  return Promise.all(items.map(async (item) => inference.encode(item)));
}
