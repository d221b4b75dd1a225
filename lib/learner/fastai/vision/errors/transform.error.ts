import type { PyObject } from '../../../torch/python.js';
import { UnsupportedLearnerError } from '../../errors/index.js';

/** An image transform whose attributes are not what its class has. */
export function malformedTransform(record: PyObject, reason: string): UnsupportedLearnerError {
  return new UnsupportedLearnerError(
    `The learner's transform "${record.className}" cannot be read (${reason})`,
    'export the learner again with fastai 2',
  );
}

/** A transform of the user's own that changes the image. */
export function unknownTransform(name: string): UnsupportedLearnerError {
  return new UnsupportedLearnerError(
    `The learner changes its images with "${name}", which is no transform of fastai`,
    "apply it before predict() and export the learner without it, or export one that uses fastai's transforms",
  );
}
