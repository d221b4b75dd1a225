import type { LearnerOptions } from '../../learner/fastai/contract.js';
import { Learner } from '../../learner/fastai/learner.js';
import { LMLearner } from '../../learner/fastai/text/lm/lm-learner.js';
import { predicting, type Predictor } from '../predict/predictor.js';

/**
 * A learner to compare. For a language model only the next word counts, because texts drift apart.
 */
export async function openCompared(file: string, options: LearnerOptions): Promise<Predictor> {
  const learner: unknown = await Learner.load(file, options);
  return learner instanceof LMLearner
    ? nextWord(learner)
    : predicting(learner as Learner<unknown, unknown>);
}

function nextWord(learner: LMLearner): Predictor {
  return {
    kind: learner.kind,
    schema: undefined,
    predict: async (text) => {
      const [{ data }] = await learner.getPreds([text as string]);
      const probabilities = Array.from(data as Float32Array);
      return {
        prediction: probabilities.indexOf(probabilities.reduce((a, b) => Math.max(a, b))),
        probabilities,
      };
    },
    release: () => learner.release(),
  };
}
