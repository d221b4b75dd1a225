import { InputError } from '../../learner/errors/index.js';
import { sampleItem } from '../../learner/export/sample-item.js';
import { Learner } from '../../learner/fastai/learner.js';
import { LMLearner } from '../../learner/fastai/text/lm/lm-learner.js';
import { addLoweringError } from './check-model.js';
import type { Overrides } from './check-transforms.js';
import type { Findings } from './findings.js';

/**
 * Loads the learner as a service would, and predicts once: whether a model can be lowered depends on
 * its attributes too, and some things show with the first prediction only.
 */
export async function tryLearner(
  file: string,
  overrides: Overrides,
  suspects: Parameters<typeof addLoweringError>[1],
  findings: Findings,
): Promise<void> {
  findings.checked.add('model');
  let learner: Learner | LMLearner;
  try {
    learner = (await Learner.load(file, overrides)) as Learner | LMLearner;
  } catch (error) {
    addLoweringError(error, suspects, findings);
    return;
  }
  try {
    // With an assumed activation, decoding would prove nothing.
    if (findings.none) await tryPrediction(learner, findings);
  } finally {
    await learner.release();
  }
}

async function tryPrediction(learner: Learner | LMLearner, findings: Findings): Promise<void> {
  findings.checked.add('prediction');
  try {
    if (learner instanceof LMLearner) await learner.predict('The quick brown fox', 1);
    else {
      const example = sampleItem(learner);
      if (example !== undefined) await learner.predict(example);
    }
  } catch (error) {
    // The learner may not accept the made-up example.
    if (!(error instanceof InputError)) findings.report('prediction', error);
  }
}
