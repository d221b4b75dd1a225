import type { Tensor } from 'onnxruntime-common';
import type {
  DecodedRow,
  LearnerDescription,
  LearnerKind,
  LearnerOptions,
  Prediction,
  Results,
  TabularSchema,
} from '../../learner/fastai/contract.js';
import { Learner } from '../../learner/fastai/learner.js';
import { LMLearner } from '../../learner/fastai/text/lm/lm-learner.js';
import { untilStop } from '../../serving/models/fastai/until-stop.js';
import {
  classesOf,
  eachResult,
  scoredOf,
  scoredResults,
  type Scored,
} from '../../nest/served-model/scored.js';
import { augmentedOf } from '../../nest/served-model/augmented.js';
import type { GenerateSettings, TtaSettings } from './given-options.js';

/** A model that predicts one item at a time. */
export interface Predictor {
  /** The learner's kind, or `module` for a model without a learner. */
  readonly kind: LearnerKind | 'module';
  /** Undefined for a model without a learner. */
  readonly description?: LearnerDescription;
  readonly schema: TabularSchema | undefined;
  predict(item: unknown): Promise<Scored>;
  /** For a language model: the text as the model read it, and its additions, piece by piece. */
  stream?(text: string): AsyncIterable<string>;
  release(): Promise<void>;
}

export async function openPredictor(
  file: string,
  settings: GenerateSettings & TtaSettings,
  load: LearnerOptions = {},
): Promise<Predictor> {
  const learner: unknown = await Learner.load(file, load);
  return learner instanceof LMLearner
    ? continuing(learner, settings)
    : predicting(learner as Learner<unknown, unknown>, settings);
}

function continuing(learner: LMLearner, settings: GenerateSettings): Predictor {
  const { words = 20, stop, temperature, minP, seed } = settings;
  const options = { temperature, minP, seed };
  const { separator } = learner;
  async function* stream(text: string): AsyncGenerator<string> {
    const prompt = await learner.predict(text, 0);
    yield prompt;
    let isFirst = prompt === '';
    const added = learner.predictStream(text, words, options);
    for await (const word of stop === undefined ? added : untilStop(added, stop, separator)) {
      yield isFirst ? word : separator + word;
      isFirst = false;
    }
  }
  return {
    kind: learner.kind,
    description: learner.description,
    schema: undefined,
    predict: async (item) => {
      const text = item as string;
      if (stop === undefined) return { prediction: await learner.predict(text, words, options) };
      let prediction = '';
      for await (const piece of stream(text)) prediction += piece;
      return { prediction };
    },
    stream,
    release: () => learner.release(),
  };
}

/** A learner that gives fastai's triple. */
export function predicting(
  learner: Learner<unknown, unknown>,
  { tta }: TtaSettings = {},
): Predictor {
  const rows = learner.kind === 'tabular' || learner.kind === 'collab';
  const schema = rows ? learner.schema : undefined;
  const { kind, description } = learner;
  // Inputs have vocabularies as well.
  const classes = kind === 'mixed' ? description.classes : classesOf(learner.vocab);
  return {
    kind: learner.kind,
    description: learner.description,
    schema,
    predict: async (item) => {
      if (tta !== undefined) {
        return augmentedOf((await learner.tta([item], { n: tta }))[0] as Tensor, description);
      }
      const prediction: Prediction<unknown, Results> = await learner.predict(item);
      const several = eachResult(prediction, description.results);
      if (several) return scoredResults(several);
      const row = schema && learner.decodeRow(prediction[0] as DecodedRow);
      return scoredOf(prediction, classes, row && { row, targets: schema.targets });
    },
    release: () => learner.release(),
  };
}
