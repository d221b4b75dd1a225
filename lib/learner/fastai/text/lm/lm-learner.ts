import { Tensor } from 'onnxruntime-common';
import { sharingCode } from '../../../onnx/tracing/read-sources.js';
import { BaseLearner } from '../../base-learner.js';
import type { LearnerDescription, LearnerOptions, Predictions } from '../../contract.js';
import { concatRows, rowOf } from '../../data/rows.js';
import {
  InvalidGenerateOptionError,
  UnexpectedItemError,
  UnsupportedLearnerError,
  WrongLearnerKindError,
} from '../../errors.js';
import { openLearnerFile, type LearnerFile } from '../../learner-file.js';
import type { Loss } from '../../losses/loss.js';
import { openLoss } from '../../losses/open-loss.js';
import type { ShownText } from '../../shown.js';
import { UNK } from '../special-tokens.js';
import type { TextPipeline } from '../text-pipeline.js';
import { addedWords, wholeText, type Continuation } from './continuation.js';
import { Generation, type GenerationContext, type GenerationState } from './generation.js';
import type { LanguageModel } from './language-model.js';
import { lastRow } from './last-row.js';
import {
  checkGenerateOptions,
  checkStreamOptions,
  checkWordCount,
  type DrawOptions,
  type GenerateOptions,
  type StreamOptions,
} from './options.js';
import { WordStream } from './word-stream.js';
import { rowsDone } from '../../../runtime/rows-done.js';

/** The request for a part of a text that is made elsewhere. */
export type SliceRequest =
  | { readonly text: unknown; readonly nWords: number; readonly options: DrawOptions }
  | { readonly state: GenerationState; readonly options: DrawOptions };

/** The answer to such a request. */
export interface Slice {
  /** The tokens of the text, and the separator of its words; only with the first part. */
  readonly begun?: { readonly prompt: readonly string[]; readonly separator: string };
  readonly tokens: readonly string[];
  /** Where to continue; undefined at the end. */
  readonly state?: GenerationState;
}

/**
 * fastai's `LMLearner`: a language model that continues texts. It draws at random: the
 * distributions are fastai's, but the random numbers are not torch's.
 *
 * @example
 * const learner = await LMLearner.load('export.pkl');
 * await learner.predict('I really liked', 20, { temperature: 0.75, seed: 1 });
 *
 * @publicApi
 */
export class LMLearner extends BaseLearner {
  readonly #context: GenerationContext;

  private constructor(
    source: string | Uint8Array,
    file: LearnerFile,
    private readonly pipeline: TextPipeline,
    private readonly loss: Loss,
    model: LanguageModel,
    options: LearnerOptions,
  ) {
    super(source, file, options);
    const unknown = pipeline.vocab.indexOf(UNK);
    this.#context = {
      model,
      activation: (logits) => loss.activation(logits),
      unknown: unknown < 0 ? undefined : unknown,
    };
  }

  /**
   * Reads the export.pkl of a language model; `Learner.load` does the same for a file of any kind.
   *
   * @param source Path of the file, or its bytes.
   * @throws WrongLearnerKindError for a learner of another kind, and the errors of `Learner.load`.
   */
  static async load(source: string | Uint8Array, options: LearnerOptions = {}): Promise<LMLearner> {
    const file = openLearnerFile(source);
    try {
      if (file.kind !== 'lm') throw new WrongLearnerKindError('LMLearner.load', 'lm', file.kind);
      return await LMLearner.create(source, file, options);
    } finally {
      file.torchFile.close();
    }
  }

  /** @internal */
  static async create(
    source: string | Uint8Array,
    file: LearnerFile,
    options: LearnerOptions,
  ): Promise<LMLearner> {
    // Imported only now, because everyone who imports the package imports this class.
    const [{ openTextPipeline }, { openLanguageModel }] = await Promise.all([
      import('../open-pipeline.js'),
      import('./language-model.js'),
    ]);
    const own = sharingCode(options);
    const loss = await openLoss(file, own);
    const pipeline = await openTextPipeline(file, own);
    const model = await openLanguageModel(file, own);
    return new LMLearner(source, file, pipeline, loss, model, options);
  }

  /** The token of each id. */
  get vocab(): readonly string[] {
    return this.pipeline.vocab;
  }

  /**
   * fastai's `learner.predict(text, n_words)`: the text with the words that follow it, in the form
   * after tokenization. A word is one token; 0 or fewer return only the text.
   *
   * @throws InvalidGenerateOptionError (an InputError) for an invalid option.
   * @throws NoTokenLeftError (an InputError), NotProbabilitiesError if no token can be drawn.
   */
  async predict(text: string, nWords = 1, options: GenerateOptions = {}): Promise<string> {
    return wholeText(this.#continue(text, nWords, options), options.decoder);
  }

  /**
   * The words that {@link predict} adds to the text, as they are made.
   *
   * @throws InvalidGenerateOptionError at once; other errors come through the stream.
   */
  predictStream(text: string, nWords = 1, options: StreamOptions = {}): WordStream {
    checkStreamOptions(nWords, options);
    return new WordStream((signal) =>
      addedWords(
        this.#continue(text, nWords, {
          ...options,
          signal: options.signal ? AbortSignal.any([signal, options.signal]) : signal,
        }),
      ),
    );
  }

  /**
   * The probabilities of the next token after each text: the last position of fastai's `get_preds`
   * for that text alone.
   *
   * @returns float32 `[texts, vocabulary]`, and `null` for the targets.
   * @throws InputError for an empty list, or an item that is not a text.
   */
  async getPreds(texts: readonly string[]): Promise<Predictions> {
    const { model, activation } = this.#use();
    if (texts.length === 0) throw new UnexpectedItemError('an empty list', 'at least one text');
    const rows: Tensor[] = [];
    for (const ids of texts.map((text) => this.pipeline.encode(text))) {
      const row = lastRow(await activation((await model.step(ids)).logits));
      rows.push(new Tensor('float32', row, [1, row.length]));
      rowsDone(rows.length, texts.length);
    }
    return [concatRows(rows), null];
  }

  /**
   * The encoder's output at the last token of a text, a vector that represents the text: in fastai
   * `learner.model[0](ids)[0, -1]`.
   *
   * @returns float32 `[width]`; the width is `emb_sz` of the model's configuration, 400 by default.
   */
  async encode(text: string): Promise<Tensor> {
    const { model } = this.#use();
    if (!model.encode) {
      throw new UnsupportedLearnerError(
        "Only fastai's own language models give encodings, not one of a notebook or an ONNX file",
        'serve the encoder with pytorch.saveModel, or load the learner without the option "onnx"',
      );
    }
    return rowOf(await model.encode(this.pipeline.encode(text)), 0);
  }

  /** The tokens of a text by the learner's tokenizer, after all rules. */
  tokenize(text: string): string[] {
    this.assertNotReleased();
    return this.pipeline.tokenize(text);
  }

  /** The separator that {@link predict} writes between two words: `sep` of fastai's Tokenizer. */
  get separator(): string {
    return this.pipeline.separator;
  }

  /** `{ kind: 'lm', task: 'generate' }`. */
  get description(): LearnerDescription {
    return { kind: 'lm', task: 'generate' };
  }

  /**
   * The text as the model sees it: its tokens. @throws InputError for an item that is not a text.
   */
  async show(text: string): Promise<ShownText> {
    this.assertNotReleased();
    return this.pipeline.show(text);
  }

  /** Continues for about `budgetMs`, and at least one step: texts can take turns. @internal */
  async slice(request: SliceRequest, budgetMs: number): Promise<Slice> {
    const context = this.#use();
    const { options } = request;
    const state = 'state' in request ? request.state : this.#start(request.text, request);
    const generation = new Generation(context, options, state);
    const tokens: string[] = [];
    const end = performance.now() + budgetMs;
    while (!generation.done) {
      const id = await generation.step();
      if (id !== undefined) tokens.push(this.#token(id));
      if (performance.now() >= end) break;
    }
    return {
      ...('state' in request ? {} : { begun: this.#begun(state) }),
      tokens,
      ...(generation.done ? {} : { state: generation.state }),
    };
  }

  protected override async free(): Promise<void> {
    await Promise.all([this.#context.model.release(), this.loss.release?.()]);
  }

  #continue(text: unknown, nWords: number, options: GenerateOptions): Continuation {
    const context = this.#use();
    const checked = checkGenerateOptions(options);
    const state = this.#start(text, { nWords: checkWordCount(nWords), options: checked });
    const { signal } = options;
    const token = (id: number): string => this.#token(id);
    async function* tokens(): AsyncGenerator<readonly string[]> {
      const generation = new Generation(context, checked, state);
      while (!generation.done) {
        signal?.throwIfAborted();
        const id = await generation.step();
        if (id !== undefined) yield [token(id)];
      }
    }
    return { ...this.#begun(state), tokens: tokens() };
  }

  #start(
    text: unknown,
    { nWords, options }: { nWords: number; options: DrawOptions },
  ): GenerationState {
    if (options.noUnk && this.#context.unknown === undefined) {
      throw new InvalidGenerateOptionError(
        'noUnk',
        'is on, but the vocabulary has no xxunk',
        'pass noUnk: false',
      );
    }
    return Generation.start(this.pipeline.encode(text), nWords, options.seed);
  }

  #begun({ unread }: GenerationState): NonNullable<Slice['begun']> {
    const prompt = Array.from(unread, (id) => this.#token(id));
    return { prompt, separator: this.pipeline.separator };
  }

  #token(id: number): string {
    return this.vocab[id] ?? UNK;
  }

  #use(): GenerationContext {
    this.assertNotReleased();
    return this.#context;
  }
}
