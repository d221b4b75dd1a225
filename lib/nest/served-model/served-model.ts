import { FASTAI } from '../../serving/models/fastai/rules.js';
import type { FastaiRunner } from '../../serving/models/fastai/types.js';
import type { RunnerHandle } from '../../serving/runner/runner-types.js';
import type { Model } from '../../serving/store/index.js';
import { callMethod, moduleBody } from './module-body.js';
import type { ServedEndpoints } from './served-endpoint.js';
import { learnerEndpoints, type LearnerFacts } from './served-learner.js';
import { moduleEndpoints } from './served-module.js';

/**
 * The endpoints of a model of the store.
 *
 * @param runnerOf Returns the model's runner, which is loaded when a request arrives.
 * @throws The errors of the model's file.
 */
export async function servedEndpoints(
  tag: string,
  model: Model,
  runnerOf: () => RunnerHandle,
): Promise<ServedEndpoints> {
  if (!FASTAI.modules.includes(model.info.module)) {
    return moduleEndpoints(tag, callMethod(model), await moduleBody(model), runnerOf);
  }
  const facts = await learnerFacts(model.pathOf(FASTAI.file));
  return learnerEndpoints(tag, facts, runnerOf as () => FastaiRunner);
}

/** The facts in the file that do not need a loaded model. */
async function learnerFacts(path: string): Promise<LearnerFacts> {
  const { openLearnerFile } = await import('../../learner/fastai/learner-file.js');
  const file = openLearnerFile(path);
  try {
    const { kind } = file;
    if (kind === 'mixed') {
      const { inputsOf } = await import('../../learner/fastai/mixed/input-record.js');
      return { kind, inputs: inputsOf(file) };
    }
    // A loss may make one result of several, so this says only that there may be more.
    const several = file.dls.targets.length > 1;
    if (kind !== 'vision') return { kind, several };
    const { hasImageTarget, hasMaskTarget } =
      await import('../../learner/fastai/data/target-types.js');
    const { skippedReader } = await import('../../learner/fastai/vision/own-code.js');
    const skipped = skippedReader(file);
    const drawn = !several && (hasMaskTarget(file.dls) || hasImageTarget(file.dls));
    return { kind, drawn, several, ...(skipped !== undefined && { skipped }) };
  } finally {
    file.torchFile.close();
  }
}
