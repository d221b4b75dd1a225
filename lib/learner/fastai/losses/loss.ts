import type { Tensor } from 'onnxruntime-common';
import { asNumber, PyGlobal, PyObject, type PyValue } from '../../torch/index.js';
import type { ActivationName } from '../contract.js';
import { hasMaskTarget } from '../data/target-types.js';
import type { LearnerFile } from '../learner-file.js';
import { argmax, greaterThan, sigmoid, softmax } from './axis.js';

/** What a `loss_func` does at inference, on whole batches: output to probabilities to target. */
export interface Loss {
  activation(output: Tensor): Tensor | Promise<Tensor>;
  decodes(activated: Tensor): Tensor | Promise<Tensor>;
  /** Where each output is decoded by itself: above it a label is on. */
  readonly threshold?: number;
  /** Bytes of tensors that its code uses, for as long as the loss is. */
  readonly held?: readonly Uint8Array[];
  /** Frees what its code runs in, where it has code of its own. */
  release?(): Promise<void>;
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

const named: Readonly<Record<ActivationName, (axis: number) => Loss>> = {
  none: () => nothing,
  softmax: crossEntropy,
  sigmoid: () => binaryCrossEntropy(0.5),
};

/**
 * The activation that the user names for a loss that is not known, along fastai's axis: classes of a
 * mask are its channels.
 */
export function namedLoss(
  name: ActivationName,
  { loss, dls }: Pick<LearnerFile, 'loss' | 'dls'>,
): Loss {
  const own = loss instanceof PyObject ? asNumber(loss.attr('axis')) : undefined;
  return named[name](hasMaskTarget(dls) ? 1 : (own ?? -1));
}

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
 * A loss whose class is known; undefined where code has to tell. Functions and torch's own losses
 * have no activation in fastai: the output passes unchanged.
 */
export function knownLoss(record: PyValue | undefined): Loss | undefined {
  if (!(record instanceof PyObject)) return nothing;
  // What was set on the object itself goes before its class.
  if (record.attr('activation') !== undefined || record.attr('decodes') !== undefined) {
    return undefined;
  }
  if (!(record.cls instanceof PyGlobal)) return undefined;
  const { module, name } = record.cls;
  if (module.startsWith('fastai.')) return fastaiLosses.get(name)?.(record);
  const isPlain = module.startsWith('torch.') || FUNCTION.test(record.cls.qualifiedName);
  return isPlain ? nothing : undefined;
}

/** How cloudpickle writes a function by value. */
const FUNCTION =
  /^cloudpickle\.cloudpickle(_fast)?\.(_make_function|_make_skel_func|_fill_function)$/;
