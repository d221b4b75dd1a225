import type { Tensor } from 'onnxruntime-common';
import { asItems, asNumber, PyDict, PyGlobal, PyObject, type PyValue } from '../../torch/index.js';
import type { ActivationName } from '../contract.js';
import { dlsOfTarget, hasMaskTarget } from '../data/target-types.js';
import type { LearnerFile } from '../learner-file.js';
import type { Given } from '../results/results.js';
import { classesAxis, sigmoidOf, softmaxAlong, unchanged } from './activations.js';
import { argmax, greaterThan } from './axis.js';

/**
 * The effect of `loss_func` at inference, on whole batches: from output to probabilities to target.
 */
export interface Loss {
  activation(output: Tensor): Tensor | Promise<Tensor>;
  decodes(activated: Tensor): Tensor | Promise<Tensor>;
  /** Set if each output is decoded separately. A label is on if its probability is above this. */
  readonly threshold?: number;
  /** The user's own code, which takes results as the model returned them. */
  readonly code?: Readonly<Partial<Record<'activation' | 'decodes', OwnStep>>>;
  /** The loss of each of several results, if the user named their activations. */
  readonly each?: readonly Loss[];
  /** Bytes of tensors that its code uses, while the loss exists. */
  readonly held?: readonly Uint8Array[];
  /** Frees the environment of its code, if it has code. */
  release?(): Promise<void>;
}

type OwnStep = (given: Given) => Promise<Given>;

/** fastai does nothing if a loss function has no activation or decodes. */
const nothing: Loss = { activation: unchanged, decodes: unchanged };

const crossEntropy = (axis: number): Loss => ({
  activation: softmaxAlong(axis),
  decodes: (activated) => argmax(activated, axis),
});

const binaryCrossEntropy = (threshold: number): Loss => ({
  activation: sigmoidOf,
  decodes: (activated) => greaterThan(activated, threshold),
  threshold,
});

/**
 * The activation that the user names for an unknown loss, along fastai's axis: the channels of a
 * mask are its classes.
 */
export function namedLoss(
  name: ActivationName | readonly ActivationName[],
  { loss, dls }: Pick<LearnerFile, 'loss' | 'dls'>,
): Loss {
  if (typeof name !== 'string') {
    const each = name.map((one, at) =>
      namedLoss(one, { loss: undefined, dls: dlsOfTarget(dls, at) }),
    );
    return { ...nothing, each };
  }
  if (name === 'none') return nothing;
  if (name === 'sigmoid') return binaryCrossEntropy(0.5);
  const own = loss instanceof PyObject ? asNumber(loss.attr('axis')) : undefined;
  const axis = hasMaskTarget(dls) ? 1 : own;
  // Probabilities of a mask still have their class axis at decoding.
  return {
    activation: softmaxAlong(axis),
    decodes: (activated) => argmax(activated, axis ?? classesAxis(activated.dims.length)),
  };
}

type LossReader = (record: PyObject) => Loss;

const alongAxis =
  (fallback: number): LossReader =>
  (record) =>
    crossEntropy(asNumber(record.attr('axis')) ?? fallback);

const byThreshold: LossReader = (record) =>
  binaryCrossEntropy(asNumber(record.attr('thresh')) ?? 0.5);

/** By class alone: losses moved between fastai's modules (layers, losses) over its versions. */
const fastaiLosses = new Map<string, LossReader>([
  ['CrossEntropyLossFlat', alongAxis(-1)],
  ['FocalLossFlat', alongAxis(-1)],
  ['DiceLoss', alongAxis(1)],
  ['LabelSmoothingCrossEntropy', () => crossEntropy(-1)],
  ['LabelSmoothingCrossEntropyFlat', () => crossEntropy(-1)],
  ['BCEWithLogitsLossFlat', byThreshold],
  ['BaseLoss', () => nothing],
  ['FocalLoss', () => nothing],
]);

/** fastxtend's losses, with their behaviour instead of fastai's. */
const fastxtendLosses = new Map<string, (record: PyObject) => Loss | undefined>([
  ['BCEWithLogitsLoss', byThreshold],
  ['ClassBalancedBCEWithLogitsLoss', byThreshold],
  ['ClassBalancedCrossEntropyLoss', alongAxis(-1)],
  // The first of several losses decides.
  ['MultiLoss', (record) => knownLoss(asItems(record.attr('loss_funcs'))?.[0])],
]);

/** Libraries whose losses are modules without activation or decoding. */
const PLAIN =
  /^(torch|torchvision\.ops|timm\.loss|autogluon\.tabular\.models\.fastainn\.quantile_helpers|tsai\.losses|segmentation_models_pytorch\.losses|kornia\.losses|monai\.losses|pytorch_toolbelt\.losses)\./;

/**
 * A loss of a known class; undefined if its code decides. Functions, methods and torch's own losses
 * have no activation in fastai: the output passes unchanged.
 */
export function knownLoss(record: PyValue | undefined): Loss | undefined {
  if (!(record instanceof PyObject)) return nothing;
  // Attributes of the object itself take precedence over its class.
  if (tells(record, 'activation') || tells(record, 'decodes')) return undefined;
  if (!(record.cls instanceof PyGlobal)) return undefined;
  const { module, name, qualifiedName } = record.cls;
  if (module.startsWith('fastai.')) return fastaiLosses.get(name)?.(record);
  // None of tsai's own losses has an activation.
  if (module === 'tsai.losses') return TSAI_LOSSES.has(name) ? nothing : undefined;
  if (module.startsWith('fastxtend.')) return fastxtendLosses.get(name)?.(record);
  return PLAIN.test(`${module}.`) || FUNCTION.test(qualifiedName) ? nothing : undefined;
}

const TSAI_LOSSES: ReadonlySet<string> = new Set([
  'HuberLoss',
  'LogCoshLoss',
  'MaskedLossWrapper',
  'CenterLoss',
  'CenterPlusLoss',
  'FocalLoss',
  'TweedieLoss',
]);

/** Whether an object has its own method: an attribute, or a module among its parts. */
function tells(record: PyObject, method: string): boolean {
  const modules = record.attr('_modules');
  return record.attr(method) !== undefined || (modules instanceof PyDict && modules.has(method));
}

/** How pickles write functions by value, and methods with their objects. */
const FUNCTION =
  /^(cloudpickle\.cloudpickle(_fast)?\.(_make_function|_make_skel_func|_fill_function)|types\.(Function|Lambda)Type|builtins\.getattr)$/;
