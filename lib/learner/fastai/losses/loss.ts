import type { Tensor } from 'onnxruntime-common';
import { asNumber, PyGlobal, PyObject, type PyValue } from '../../torch/index.js';
import type { ActivationName } from '../contract.js';
import { UnknownLossError } from '../errors.js';
import { argmax, greaterThan, sigmoid, softmax } from './axis.js';

/** What a `loss_func` does at inference, on whole batches: output to probabilities to target. */
export interface Loss {
  activation(output: Tensor): Tensor;
  decodes(activated: Tensor): Tensor;
  /** Where each output is decoded by itself: above it a label is on. */
  readonly threshold?: number;
}

/** fastai falls back to doing nothing where a loss function has no activation or decodes. */
const nothing: Loss = { activation: (output) => output, decodes: (activated) => activated };

const crossEntropy = (axis: number): Loss => ({
  activation: (output) => softmax(output, axis),
  decodes: (activated) => argmax(activated, axis),
});

const binaryCrossEntropy = (threshold: number): Loss => ({
  activation: sigmoid,
  decodes: (activated) => greaterThan(activated, threshold),
  threshold,
});

const named: Record<ActivationName, Loss> = {
  none: nothing,
  softmax: crossEntropy(-1),
  sigmoid: binaryCrossEntropy(0.5),
};

type LossReader = (record: PyObject) => Loss;

const alongAxis =
  (fallback: number): LossReader =>
  (record) =>
    crossEntropy(asNumber(record.attr('axis')) ?? fallback);

/** By class alone: losses moved between fastai's modules (layers, losses) over its versions. */
const fastaiLosses = new Map<string, LossReader>([
  ['CrossEntropyLossFlat', alongAxis(-1)],
  ['FocalLossFlat', alongAxis(-1)],
  ['DiceLoss', alongAxis(1)],
  ['LabelSmoothingCrossEntropy', () => crossEntropy(-1)],
  ['LabelSmoothingCrossEntropyFlat', () => crossEntropy(-1)],
  ['BCEWithLogitsLossFlat', (record) => binaryCrossEntropy(asNumber(record.attr('thresh')) ?? 0.5)],
  ['BaseLoss', () => nothing],
  ['FocalLoss', () => nothing],
]);

/**
 * Functions and torch's own losses have no activation in fastai: the output passes unchanged.
 *
 * @throws UnknownLossError for a class that the file does not define and fastai does not ship.
 */
export function readLoss(record: PyValue | undefined, override?: ActivationName): Loss {
  if (override !== undefined) return named[override];
  if (!(record instanceof PyObject)) return nothing;
  if (record.cls instanceof PyGlobal) {
    const { module, name } = record.cls;
    if (module.startsWith('fastai.')) {
      const reader = fastaiLosses.get(name);
      if (reader) return reader(record);
    }
    if (module.startsWith('torch.')) return nothing;
  }
  throw new UnknownLossError(record.className);
}
