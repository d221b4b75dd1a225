import { PyGlobal, PyObject, qualifiedNameOf, type PyValue } from '../../torch/index.js';
import type { LearnerOptions } from '../contract.js';
import { isOfFastai, transformName } from '../data/pipeline.js';
import type { LearnerFile } from '../learner-file.js';
import { readInput, type ImageInput } from './image-input.js';
import { readBatchTransform } from './transforms/batch-transforms.js';
import { readItemTransform } from './transforms/item-transforms.js';
import { doesNothing, transformTitle } from './transforms/neutral.js';

/** Whether images go through the user's own code, which is loaded only then. */
export function hasOwnCode(file: LearnerFile, { trainingOnly }: LearnerOptions): boolean {
  const { inputs, afterItem, afterBatch } = file.dls;
  if (inputs.length !== 1) return false;
  const input = readInput(file);
  const isOwn = (record: PyValue): boolean => !doesNothing(record, trainingOnly);
  return (
    (input.mode === undefined && opensItself(input)) ||
    readsItself(input) ||
    input.behind.some(isOwn) ||
    afterItem.some((record) => !readItemTransform(record) && isOwn(record)) ||
    afterBatch.some((record) => !readBatchTransform(record) && isOwn(record))
  );
}

/** Whether images are of a class of the notebook. */
function opensItself({ opensAs }: ImageInput): boolean {
  return opensAs instanceof PyObject || (opensAs instanceof PyGlobal && !isOfFastai(opensAs));
}

/** Whether the file only names the class of a transform that may be the user's own. */
export function hasNamesAlone({ dls }: LearnerFile, { trainingOnly }: LearnerOptions): boolean {
  return namesAlone(dls, trainingOnly).length > 0;
}

/** Objects of a class that is neither from a library nor in the file. */
export function namesAlone(
  { inputs, afterItem, afterBatch }: LearnerFile['dls'],
  trainingOnly?: readonly string[],
): PyObject[] {
  const behind = inputs.flatMap(({ transforms }) => transforms);
  return [...behind, ...afterItem, ...afterBatch].filter(
    (record): record is PyObject =>
      record instanceof PyObject &&
      record.cls instanceof PyGlobal &&
      record.attrs.size > 0 &&
      !isOfFastai(record) &&
      !doesNothing(record, trainingOnly),
  );
}

/** Whether a path goes through the user's own function before it is opened. */
function readsItself({ before }: ImageInput): boolean {
  return before.some(isOwnReader);
}

/** The user's own reader, which runs for paths; bytes enter after it. */
export function skippedReader(file: LearnerFile): string | undefined {
  if (file.dls.inputs.length !== 1) return undefined;
  const { before } = readInput(file);
  // The last one always opens the image.
  const own = before.slice(0, -1).find(isOwnReader);
  return own === undefined ? undefined : transformTitle(own);
}

/** Whether a reader is not fastai's own and does not open the image. */
export function isOwnReader(record: PyValue): boolean {
  if (!isOfFastai(record)) return record instanceof PyObject || record instanceof PyGlobal;
  if (transformName(record) !== 'Transform' || !(record instanceof PyObject)) return false;
  const name = wrapped(record);
  return (
    name !== undefined &&
    !/^(fastai|fastcore|fasttransform|builtins|operator|_operator)\./.test(name)
  );
}

/** The function of a fastai Transform, with its module. */
function wrapped(record: PyObject): string | undefined {
  const encodes = record.attr('encodes');
  if (encodes instanceof PyGlobal) return encodes.qualifiedName;
  if (!(encodes instanceof PyObject)) return undefined;
  return qualifiedNameOf(encodes.attr('_f'));
}
