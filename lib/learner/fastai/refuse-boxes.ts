import { itemTransform, targetTypes } from './data/target-types.js';
import { UnsupportedLearnerError } from './errors.js';
import type { LearnerFile } from './learner-file.js';

/** How to serve the model of these learners. */
const REMEDY =
  "serve only its model, which gives raw outputs: pytorch.saveModel('boxes', 'export.pkl', { " +
  'inputs: [{ shape: [null, 3, height, width] }] })';

/**
 * Refuses learners of bounding boxes before another missing part causes an error.
 *
 * @throws UnsupportedLearnerError
 */
export function refuseBoxes({ dls, torchFile }: Pick<LearnerFile, 'dls' | 'torchFile'>): void {
  const foreign = torchFile.globals.find(({ module }) => /^icevision(\.|$)/.test(module));
  if (foreign) {
    throw new UnsupportedLearnerError(
      `The learner comes from icevision ("${foreign.qualifiedName}"), whose items and ` +
        "predictions are not fastai's and are not supported",
      "export its model in Python with torch.onnx.export, and serve that with pytorch.saveModel('boxes', 'model.onnx')",
    );
  }
  if (targetTypes(dls).includes('TensorBBox') || itemTransform(dls, 'BBoxLabeler')) {
    throw new UnsupportedLearnerError(
      "The learner predicts bounding boxes (BBoxBlock), and fastai's own predict and " +
        'get_preds fail for them',
      REMEDY,
    );
  }
}
