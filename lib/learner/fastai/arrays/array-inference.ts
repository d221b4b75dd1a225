import { Tensor } from 'onnxruntime-common';
import type { Inference, LearnerOptions } from '../contract.js';
import type { Target } from '../data/target.js';
import { decodedTarget } from '../data/target-types.js';
import { ArrayItemError } from '../errors.js';
import type { LearnerFile } from '../learner-file.js';
import type { ShownNumbers } from '../shown.js';
import { drawnTransform } from '../vision/transforms/drawn-transform.js';
import { readArray, type GivenArray } from './array-item.js';
import { ArrayModel, type BatchShape } from './array-model.js';
import { ArrayPipeline } from './array-pipeline.js';
import { readArrayTarget, type DecodedArrayTarget } from './array-target.js';
import type { ReadingTargets } from '../results/result-targets.js';
import { isSeriesDataset } from './series-dataset.js';

/** tsai's batches: [items, variables, steps]. */
const SERIES_RANK = 3;

/**
 * Learners with arrays as items: tsai's series, and plain learners of tensors.
 *
 * @throws UnsupportedLearnerError for transforms that are neither known nor defined in the file.
 */
export async function createArrayInference(
  file: LearnerFile,
  labels: Target,
  options: LearnerOptions,
): Promise<Inference<GivenArray, DecodedArrayTarget> & ReadingTargets> {
  const target = readArrayTarget(decodedTarget(file.dls).targets[0]?.transforms ?? [], labels);
  const pipeline = await ArrayPipeline.open(file, options);
  const rank = isSeriesDataset(file) ? SERIES_RANK : undefined;
  const model = await ArrayModel.open(file, options, rank, target.vocab);
  const shape = itemShape(model.shape, pipeline.keepsShape);
  const encode = (item: unknown): GivenArray => fitted(readArray(item), shape, model.isLoose);
  return {
    vocab: target.vocab ?? [],
    answers: {
      task: target.task,
      ...(target.vocab && { classes: target.vocab }),
      ...(shape && { shape }),
    },
    get form() {
      return model.form;
    },
    targetOf: (one, its) => readArrayTarget(one.dls.targets[0]?.transforms ?? [], its),
    encode,
    drawn: drawnTransform(file.dls),
    forward: async (batch) => {
      const tensors: Tensor[] = [];
      for (const item of batch) tensors.push(await pipeline.apply(item));
      return model.forward(tensors);
    },
    decode: (row) => target.decode(row),
    show: async (item) => shown(await pipeline.apply(encode(item))),
    release: async () => {
      await Promise.all([model.release(), pipeline.release()]);
    },
  };
}

/** The shape of an item, as far as its transforms keep sizes. */
function itemShape(batch: BatchShape | undefined, keeps: boolean): BatchShape | undefined {
  const shape = batch?.slice(1);
  return keeps ? shape : shape?.map(() => null);
}

/**
 * An item with the number of dimensions that the learner takes. One line of numbers also counts as
 * a series.
 */
function fitted(item: GivenArray, shape: BatchShape | undefined, isLoose: boolean): GivenArray {
  if (!shape) return item;
  const { data, dims, isText } = item;
  const wanted = `[${shape.map((size) => size ?? 'any').join(', ')}]`;
  const [variables] = shape;
  if (shape.length === 2 && dims.length === 1 && (variables ?? 1) === 1) {
    return fitted({ data, dims: [1, ...dims] }, shape, isLoose);
  }
  // A text has lines but no dimensions: a single line or column may be the whole item.
  if (isText && shape.length === 1 && dims.includes(1)) {
    return fitted({ data, dims: [data.length] }, shape, isLoose);
  }
  if (isText && shape.length === 2 && variables === 1 && dims[1] === 1) {
    return fitted({ data, dims: [1, data.length] }, shape, isLoose);
  }
  const fits =
    dims.length === shape.length &&
    shape.every((size, axis) => size === null || size === dims[axis]);
  if (fits || isLoose) return item;
  throw new ArrayItemError(
    `has the shape [${dims.join(', ')}], but the learner takes ${wanted}`,
    dims.length === shape.length + 1
      ? 'send one item, without the batch dimension'
      : 'send an item of that shape',
  );
}

function shown({ data, dims }: Tensor): ShownNumbers {
  return { values: Array.from(data as ArrayLike<number>, Number), shape: dims.slice(1) };
}
