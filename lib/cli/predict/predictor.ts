import type {
  LearnerKind,
  Prediction,
  DecodedRow,
  TabularSchema,
} from '../../learner/fastai/contract.js';
import { Learner } from '../../learner/fastai/learner.js';
import { LMLearner } from '../../learner/fastai/text/lm/lm-learner.js';
import { classesOf, scoredOf, type Scored } from './scored.js';

export interface GenerateSettings {
  readonly words: number;
  readonly temperature: number;
  readonly seed?: number | undefined;
}

/** A model, asked one item at a time. */
export interface Predictor {
  /** The learner's kind, or `module` for a model without a learner. */
  readonly kind: LearnerKind | 'module';
  readonly schema: TabularSchema | undefined;
  predict(item: unknown): Promise<Scored>;
  release(): Promise<void>;
}

export async function openPredictor(file: string, settings: GenerateSettings): Promise<Predictor> {
  const learner: unknown = await Learner.load(file);
  return learner instanceof LMLearner
    ? continuing(learner, settings)
    : predicting(learner as Learner<unknown, unknown>);
}

function continuing(learner: LMLearner, { words, temperature, seed }: GenerateSettings): Predictor {
  return {
    kind: learner.kind,
    schema: undefined,
    predict: async (item) => ({
      prediction: await learner.predict(item as string, words, { temperature, seed }),
    }),
    release: () => learner.release(),
  };
}

/** A learner that gives fastai's triple. */
export function predicting(learner: Learner<unknown, unknown>): Predictor {
  const rows = learner.kind === 'tabular' || learner.kind === 'collab';
  const schema = rows ? learner.schema : undefined;
  const classes = classesOf(learner.vocab);
  return {
    kind: learner.kind,
    schema,
    predict: async (item) => {
      const prediction: Prediction<unknown> = await learner.predict(item);
      const row = schema && learner.decodeRow(prediction[0] as DecodedRow);
      return scoredOf(prediction, classes, row && { row, targets: schema.targets });
    },
    release: () => learner.release(),
  };
}
