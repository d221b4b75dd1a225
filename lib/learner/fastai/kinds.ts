import type { Inference, LearnerKind, LearnerOptions } from './contract.js';
import type { Target } from './data/target.js';
import { UnsupportedLearnerError } from './errors.js';
import type { LearnerFile } from './learner-file.js';
import type { ReadingTargets } from './results/result-targets.js';

type InferenceFactory = (
  file: LearnerFile,
  target: Target,
  options: LearnerOptions,
) => Promise<Inference<unknown, unknown> & ReadingTargets>;

const tabular = async () => (await import('./tabular/tabular-inference.js')).createTabularInference;

/** Imported with the first file of its kind: a service of texts loads no code for images. */
const factories: Partial<Record<LearnerKind, () => Promise<InferenceFactory>>> = {
  text: async () => (await import('./text/text-inference.js')).createTextInference,
  tabular,
  collab: tabular,
  mixed: async () => (await import('./mixed/mixed-inference.js')).createMixedInference,
  vision: async () => (await import('./vision/vision-inference.js')).createVisionInference,
  array: async () => (await import('./arrays/array-inference.js')).createArrayInference,
};

/** @throws UnsupportedLearnerError for a kind without inference. */
export async function createInference(
  file: LearnerFile,
  target: Target,
  options: LearnerOptions,
): Promise<Inference<unknown, unknown> & ReadingTargets> {
  const factory = await factories[file.kind]?.();
  if (!factory) {
    if (file.className.endsWith('.GANLearner')) {
      throw new UnsupportedLearnerError(
        'The file contains a GAN, two models that train each other, which is not supported ' +
          'as a learner',
        'save its generator with torch.save(learn.model.generator, path), and serve that with pytorch.saveModel(name, path)',
      );
    }
    throw new UnsupportedLearnerError(
      `The file contains a learner of kind "${file.kind}" (${file.className}), which is not ` +
        'supported',
      'serve its model with pytorch.saveModel(name, "export.pkl"), and prepare the tensors yourself',
    );
  }
  return factory(file, target, options);
}
