import { asNumber, PyDict, PyGlobal, PyObject, type PyValue } from '../../../torch/index.js';
import { withBases } from '../../data/class-bases.js';
import { isOfFastai, qualifiedName, transformName } from '../../data/pipeline.js';
import { UnsupportedLearnerError } from '../../errors.js';

/** fastai's transforms that do not change a validation image. */
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

/** Transforms with only a known name, and contents that show that they do nothing. */
const decided = new WeakSet<object>();

/** Makes {@link doesNothing} return true for this transform. */
export function leaveOut(record: PyObject): void {
  decided.add(record);
}

/** Whether a transform does not change the images of `predict`. */
export function doesNothing(record: PyValue, trainingOnly: readonly string[] = []): boolean {
  if (isOfFastai(record) && neutral.has(transformName(record))) return true;
  if (isNoop(record) || isForTraining(record)) return true;
  if (record instanceof PyObject && decided.has(record)) return true;
  const name = transformTitle(record);
  return trainingOnly.includes(name) || trainingOnly.includes(bareName(name));
}

/** The common name of a transform: its class, or its function. */
export function transformTitle(record: PyValue): string {
  const wraps = record instanceof PyObject && transformName(record) === 'Transform';
  return (wraps ? functionName(record) : undefined) ?? qualifiedName(record);
}

const bareName = (name: string): string => name.slice(name.lastIndexOf('.') + 1);

/** fastai's `noop`, bare or as a Transform. */
function isNoop(record: PyValue): boolean {
  if (record instanceof PyGlobal) return record.name === 'noop' && isOfFastai(record);
  if (!(record instanceof PyObject) || transformName(record) !== 'Transform') return false;
  return functionName(record) === 'noop';
}

/** `split_idx = 0`: for the training set only. The class shows it if it was pickled by value. */
function isForTraining(record: PyValue): boolean {
  if (!(record instanceof PyObject)) return false;
  const own = record.attr('split_idx');
  if (own !== undefined && own !== null) return asNumber(own) === 0;
  return splitOf(record.cls) === 0;
}

/** `split_idx` of a class pickled by value, or of one of its bases. */
function splitOf(cls: PyValue): PyValue | undefined {
  for (const one of withBases(cls)) {
    const found = ownSplit(one);
    if (found !== undefined) return found;
  }
  return undefined;
}

function ownSplit(cls: PyValue): PyValue | undefined {
  if (cls instanceof PyGlobal) {
    return cls.qualifiedName === 'fastai.vision.augment.RandTransform' ? 0 : undefined;
  }
  if (!(cls instanceof PyObject)) return undefined;
  const direct = cls.attr('split_idx');
  if (direct !== undefined) return direct;
  const body = cls.args.find((arg): arg is PyDict => arg instanceof PyDict && arg.has('split_idx'));
  return body?.get('split_idx');
}

function functionName(record: PyObject): string | undefined {
  for (const name of ['_name', 'name']) {
    const value = record.attr(name);
    if (typeof value === 'string') return value;
  }
  const encodes = record.attr('encodes');
  return encodes instanceof PyGlobal ? encodes.name : undefined;
}

/**
 * A user's transform that changes the image, named by its function.
 *
 * @param holds Known library transforms in it.
 */
export function unknownTransform(record: PyValue, holds?: string): UnsupportedLearnerError {
  const name = transformTitle(record);
  const contents = holds === undefined ? '' : ` (which contains ${holds})`;
  return new UnsupportedLearnerError(
    `The learner changes its images with "${name}"${contents}, whose code is not in the file`,
    "give its source with Learner.load(file, { code: 'notebook.ipynb' }), or, if it is only " +
      `for training, name it with { trainingOnly: ['${bareName(name)}'] }`,
  );
}
