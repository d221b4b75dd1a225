import { asNumber, PyDict, PyGlobal, PyObject, type PyValue } from '../../../torch/index.js';
import { isOfFastai, qualifiedName, transformName } from '../../data/pipeline.js';
import { UnsupportedLearnerError } from '../../errors.js';

/** fastai's transforms that leave a validation image as it is. */
const neutral: ReadonlySet<string> = new Set([
  'ToTensor',
  'AddMaskCodes',
  'PointScaler',
  'BBoxLabeler',
  'FlipItem',
  'DihedralItem',
  'Brightness',
  'Contrast',
  'Saturation',
  'Hue',
  'LightingTfm',
  'SpaceTfm',
  'HSVTfm',
  'RandomErasing',
  'Cuda',
]);

/** Whether a transform does nothing to the images that `predict` is given. */
export function doesNothing(record: PyValue): boolean {
  if (isOfFastai(record) && neutral.has(transformName(record))) return true;
  return isNoop(record) || isForTraining(record);
}

/** fastai's `noop`, bare or as a Transform. */
function isNoop(record: PyValue): boolean {
  if (record instanceof PyGlobal) return record.name === 'noop' && isOfFastai(record);
  if (!(record instanceof PyObject) || transformName(record) !== 'Transform') return false;
  return functionName(record) === 'noop';
}

/** `split_idx = 0`: for the training set only. A class tells it if it was pickled by value. */
function isForTraining(record: PyValue): boolean {
  if (!(record instanceof PyObject)) return false;
  const own = record.attr('split_idx');
  if (own !== undefined && own !== null) return asNumber(own) === 0;
  if (!(record.cls instanceof PyObject)) return false;
  return asNumber(classAttribute(record.cls, 'split_idx')) === 0;
}

/** An attribute of a class that cloudpickle wrote out. */
function classAttribute(cls: PyObject, name: string): PyValue | undefined {
  const direct = cls.attr(name);
  if (direct !== undefined) return direct;
  const body = cls.args.find((arg): arg is PyDict => arg instanceof PyDict && arg.has(name));
  return body?.get(name);
}

function functionName(record: PyObject): string | undefined {
  for (const name of ['_name', 'name']) {
    const value = record.attr(name);
    if (typeof value === 'string') return value;
  }
  const encodes = record.attr('encodes');
  return encodes instanceof PyGlobal ? encodes.name : undefined;
}

/** A transform of the user's own that changes the image; named by the function that it wraps. */
export function unknownTransform(record: PyValue): UnsupportedLearnerError {
  const wraps = record instanceof PyObject && transformName(record) === 'Transform';
  const name = (wraps ? functionName(record) : undefined) ?? qualifiedName(record);
  return new UnsupportedLearnerError(
    `The learner changes its images with "${name}", which is not a transform of fastai`,
    "apply it before predict() and export the learner without it, or export one that uses fastai's transforms",
  );
}
