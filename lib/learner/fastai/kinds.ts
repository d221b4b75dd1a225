import type { Inference, LearnerKind, LearnerOptions } from './contract.js';
import type { Target } from './data/target.js';
import { UnsupportedLearnerError } from './errors.js';
import type { LearnerFile } from './learner-file.js';

type InferenceFactory = (
  file: LearnerFile,
  target: Target,
  options: LearnerOptions,
) => Promise<Inference<unknown, unknown>>;

const tabular = async () => (await import('./tabular/tabular-inference.js')).createTabularInference;

/** Imported with the first file of its kind: one that serves texts loads nothing for images. */
const factories: Partial<Record<LearnerKind, () => Promise<InferenceFactory>>> = {
  text: async () => (await import('./text/text-inference.js')).createTextInference,
  tabular,
  collab: tabular,
  vision: async () => (await import('./vision/vision-inference.js')).createVisionInference,
};

/** @throws UnsupportedLearnerError for a kind that has no inference. */
export async function createInference(
  file: LearnerFile,
  target: Target,
  options: LearnerOptions,
): Promise<Inference<unknown, unknown>> {
  const factory = await factories[file.kind]?.();
  if (!factory) {
    throw new UnsupportedLearnerError(
      `The file holds a learner of kind "${file.kind}" (${file.className}), which cannot be served yet`,
      'serve its model with a custom runner over its ONNX file',
    );
  }
  return factory(file, target, options);
}
