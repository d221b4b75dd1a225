import type { Tensor } from 'onnxruntime-common';
import type {
  Prediction,
  Predictions,
  PredictionsWith,
  PredsOptions,
  Results,
  DecodedRow,
  FrameLike,
  LearnerDescription,
  ShownRow,
  TabularSchema,
} from '../../../learner/fastai/contract.js';
import type { ExplainOptions, Explanation } from '../../../learner/fastai/explanation.js';
import type { Shown, ShownText } from '../../../learner/fastai/shown.js';
import type { TtaOptions, TtaPredictions } from '../../../learner/fastai/tta.js';
import type { GenerateOptions } from '../../../learner/fastai/text/lm/options.js';
import type { WordStream } from '../../../learner/fastai/text/lm/word-stream.js';
import type { RunOptions } from '../../runner/runner-options-types.js';
import type { RunnerHandle, RunnerMethod } from '../../runner/runner-types.js';

/**
 * A runner of a fastai learner.
 *
 * @typeParam Input What `predict` takes: a string for text learners.
 * @typeParam Decoded fastai's first element of a prediction: a class name, a list of them, a
 * number, a row.
 * @typeParam Given A tensor; `readonly Tensor[]` for a model of several results.
 *
 * @publicApi
 */
export interface FastaiRunner<
  Input = unknown,
  Decoded = unknown,
  Given extends Results = Tensor,
> extends RunnerHandle {
  /**
   * What the learner predicts from: `text`, `tabular`, ... Known only after the model is loaded.
   */
  readonly kind: string;
  /** `learner.vocab`. Known only after the model is loaded. */
  readonly vocab: unknown;
  /** `learner.description`. Known once the model is loaded. */
  readonly description: LearnerDescription;
  /** `learner.predict`: `[decoded, target, probabilities]`. */
  readonly predict: RunnerMethod<Input, Prediction<Decoded, Given>>;
  /**
   * `learner.getPreds`: `[predictions, null]`. Each row equals the prediction of its item alone.
   * `withInput` prepends the inputs, and `withDecoded` appends the decoded predictions.
   */
  readonly getPreds: PredsMethod<Input, Given>;
  /**
   * `learner.tta`: predictions under the random transforms of training, blended with the plain
   * ones. It costs as much as `n + 1` calls of `getPreds`.
   *
   * @example
   * await runner.tta.run([photo], { n: 8, timeoutMs: 60_000 });
   */
  readonly tta: RunnerMethod<readonly Input[] | FrameLike, TtaPredictions, TtaRunOptions>;
  /**
   * The columns of a row, for tabular and collaborative-filtering learners. Known only after the
   * model is loaded.
   */
  readonly schema: TabularSchema | undefined;
  /** `learner.show`: an item as the model sees it. */
  readonly show: RunnerMethod<Input, Shown>;
  /**
   * `learner.explain`: the reasons for a prediction. It costs several predictions. An image takes
   * two, and the time to open a second model if there was no request in the last minute. A text
   * takes one per word and a row one per column, in batches. Long texts need a longer `timeoutMs`.
   *
   * @example
   * await runner.explain.run(photo, { target: 'cat' });
   */
  readonly explain: RunnerMethod<Input, Explanation, ExplainRunOptions>;
  /** `learner.decodeRow`: a decoded row with names instead of codes. */
  readonly decodeRow: RunnerMethod<DecodedRow, ShownRow>;
  /** The name of `getPreds` in Python. */
  readonly get_preds: PredsMethod<Input, Given>;
}

/** `getPreds` of a runner, which returns more parts on request. @publicApi */
export interface PredsMethod<Input, Given extends Results = Tensor> {
  run<const Options extends PredsRunOptions = PredsRunOptions>(
    items: readonly Input[] | FrameLike,
    options?: Options,
  ): Promise<PredictionsWith<Options, Given>>;
  /** The name of `run` in BentoML. */
  asyncRun<const Options extends PredsRunOptions = PredsRunOptions>(
    items: readonly Input[] | FrameLike,
    options?: Options,
  ): Promise<PredictionsWith<Options, Given>>;
}

/**
 * Further results that `getPreds` of a runner returns, and the options of every call. @publicApi
 */
export interface PredsRunOptions extends PredsOptions, RunOptions {}

/** How `tta` of a runner augments items, and the options of every call. @publicApi */
export interface TtaRunOptions extends TtaOptions, RunOptions {}

/** The target of `explain` of a runner, and the options of every call. @publicApi */
export interface ExplainRunOptions extends ExplainOptions, RunOptions {}

/** Options for continuing a text: fastai's own, and those of every call. @publicApi */
export interface GenerateRunOptions extends GenerateOptions, RunOptions {
  /** The number of words to add; a word is a token. 0 or less adds none. @default 1 */
  nWords?: number;
}

/** The same for a stream, which decodes its words one by one. @publicApi */
export type StreamRunOptions = Omit<GenerateRunOptions, 'decoder'>;

/**
 * The runner of a language model (an export of fastai's `language_model_learner`).
 *
 * Texts take turns, so a long one does not make other calls of the runner wait for its end. A text
 * therefore counts as several calls in `stats`, one per turn.
 *
 * @example
 * constructor(@Runner('my_language_model:latest') private readonly runner: LanguageModelRunner) {}
 *
 * @publicApi
 */
export interface LanguageModelRunner extends RunnerHandle {
  /** `lm`. Known only after the model is loaded. */
  readonly kind: string;
  /** The token of each id. Known only after the model is loaded. */
  readonly vocab: unknown;
  /** `learner.description`. Known once the model is loaded. */
  readonly description: LearnerDescription;
  /** `learner.show`: the tokens of a text. */
  readonly show: RunnerMethod<string, ShownText>;
  /**
   * `learner.predict`: the text with the words that continue it. The time limit applies to the
   * whole text.
   */
  readonly predict: RunnerMethod<string, string, GenerateRunOptions>;
  /**
   * Streams the words that `predict` adds, one by one. Nothing runs until somebody subscribes or
   * iterates; leaving the stream stops the work.
   *
   * @throws InvalidGenerateOptionError (an InputError) at once; other errors come through the
   * stream.
   */
  predictStream(text: string, options?: StreamRunOptions): WordStream;
  /** The probabilities of the token after each text: `[float32 [texts, vocabulary], null]`. */
  readonly getPreds: RunnerMethod<readonly string[], Predictions>;
  /** The name of `getPreds` in Python. */
  readonly get_preds: RunnerMethod<readonly string[], Predictions>;
  /**
   * The encoder's output at the last token, a vector that stands for the text: float32 `[width]`.
   */
  readonly encode: RunnerMethod<string, Tensor>;
}
