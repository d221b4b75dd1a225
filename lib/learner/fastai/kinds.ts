import type { Target } from './data/target.js';
import { UnsupportedLearnerError } from './errors/index.js';
import type { Inference } from './inference.js';
import type { LearnerFile, LearnerKind } from './learner-file.js';
import type { LearnerOptions } from './learner.js';
import { TabularInference } from './tabular/index.js';
import { TextInference } from './text/text-inference.js';
import { VisionInference } from './vision/index.js';

type InferenceFactory = (
  file: LearnerFile,
  target: Target,
  options: LearnerOptions,
) => Promise<Inference<unknown, unknown>>;

const factories: Partial<Record<LearnerKind, InferenceFactory>> = {
  text: TextInference.create,
  tabular: TabularInference.create,
  collab: TabularInference.create,
  vision: VisionInference.create,
};

/** The inference of a learner by its kind. @throws UnsupportedLearnerError where there is none. */
export function createInference(
  file: LearnerFile,
  target: Target,
  options: LearnerOptions,
): Promise<Inference<unknown, unknown>> {
  const factory = factories[file.kind];
  if (!factory) {
    throw new UnsupportedLearnerError(
      `The file holds a learner of kind "${file.kind}" (${file.className}), which cannot be served yet`,
      'serve its model with a custom runner over its ONNX file',
    );
  }
  return factory(file, target, options);
}
