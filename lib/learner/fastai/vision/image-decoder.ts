import { Tensor } from 'onnxruntime-common';
import { PyGlobal, type PyValue } from '../../torch/index.js';
import { batchInputs, batchTypes, className } from '../data/batch-types.js';
import type { DataLoadersRecord } from '../data/data-loaders.js';
import { isOfFastai, qualifiedName } from '../data/pipeline.js';
import { decodesItself } from '../data/target.js';
import { UnsupportedLearnerError, UnsupportedTargetError } from '../errors.js';
import { readBatchTransform } from './transforms/batch-transforms.js';
import { doesNothing } from './transforms/neutral.js';
import { mapValues, undoing, widened, type ValueStep } from './transforms/planes.js';

/** torch converts NaN to this int64. */
const NOT_A_NUMBER = -(2n ** 63n);

/**
 * `dls.decode` of a predicted image [channels, height, width]. It undoes the batch transforms, the
 * last first. Whole numbers are int64, as in fastai.
 *
 * @throws UnsupportedTargetError if code of the notebook decodes images
 */
export function imageDecoder(dls: DataLoadersRecord): (target: Tensor) => Tensor {
  const { afterItem, afterBatch, loader } = dls;
  const own = [...afterItem, ...afterBatch].find(decodesImages);
  if (own !== undefined) throw new UnsupportedTargetError(qualifiedName(own));
  const type = batchTypes(loader)?.[batchInputs(dls)];
  // fastai restores the type of training, and its transforms decode images alone.
  const isImage = !(type instanceof PyGlobal) || className(type).startsWith('TensorImage');
  const known = afterBatch.flatMap((record) => readBatchTransform(record) ?? []);
  const steps = undoing(known.filter((transform) => transform.kind === 'value'));
  return (target) => (isImage && steps.length > 0 ? undone(target, steps) : target);
}

/** @throws UnsupportedLearnerError if the prediction does not have the shape of an image. */
function undone(target: Tensor, steps: readonly ValueStep[]): Tensor {
  const [channels = 0, height = 0, width = 0] = target.dims;
  const most = widened(channels, steps);
  if (target.dims.length !== 3 || (channels !== 1 && channels !== most)) {
    throw new UnsupportedLearnerError(
      `The learner's target is an image, but its model returns the shape [${target.dims.join(', ')}]`,
      'use getPreds(), which returns the outputs as they are',
    );
  }
  const data = target.data as Float32Array;
  const made = mapValues({ channels, height, width, data }, steps);
  const dims = [made.channels, height, width];
  if (!steps.at(-1)!.isWhole) return new Tensor('float32', made.data, dims);
  const whole = BigInt64Array.from(made.data, wholeOf);
  return new Tensor('int64', whole, dims);
}

function wholeOf(value: number): bigint {
  return Number.isNaN(value) ? NOT_A_NUMBER : BigInt(value);
}

function decodesImages(record: PyValue): boolean {
  if (isOfFastai(record) || doesNothing(record)) return false;
  return decodesItself(record);
}
