import { Tensor } from 'onnxruntime-common';
import {
  asItems,
  PyGlobal,
  PyObject,
  Tensor as FileTensor,
  type PyValue,
} from '../../torch/index.js';
import type { LearnerOptions } from '../contract.js';
import { entryStage, isOfFastai, qualifiedName, transformName } from '../data/pipeline.js';
import { UnsupportedLearnerError } from '../errors.js';
import type { LearnerFile } from '../learner-file.js';
import { readBatchTransform, type BatchTransform } from '../vision/transforms/batch-transforms.js';
import { doesNothing } from '../vision/transforms/neutral.js';
import { applyBatch } from '../vision/transforms/planes.js';
import type { GivenArray } from './array-item.js';
import {
  knownStage,
  normalizing,
  ofBatch,
  toTensor,
  type ArrayStage,
  type Held,
} from './array-stage.js';
import type { GivenAs } from './array-code.js';
import { isImageClass, isImageTensor, isOwnClass } from './own-class.js';
import { isOfSeries, selectionOf } from './series-dataset.js';

const TENSOR =
  /^(torch\.Tensor|torch\._tensor\.Tensor|fastai\.torch_core\.Tensor\w+|(tsai\.(data\.)?core|timeseries(_fastai)?\.core)\.\w+)$/;
const ARRAY = 'numpy.ndarray';

/** All steps between an item and the model. */
export class ArrayPipeline {
  private constructor(
    private readonly stages: readonly ArrayStage[],
    private readonly batchStages: readonly ArrayStage[],
    private readonly startsAsNumpy: boolean,
    private readonly code: { release(): Promise<void>; readonly held: unknown } | undefined,
    /** Whether the model sees the dimensions and sizes of the item. */
    readonly keepsShape: boolean,
  ) {}

  /**
   * @throws UnsupportedLearnerError for a transform that is neither known nor defined in the file,
   * and for a learner whose own code makes arrays of its items.
   */
  static async open(file: LearnerFile, options: LearnerOptions): Promise<ArrayPipeline> {
    const { inputs, afterItem, beforeBatch, afterBatch } = file.dls;
    const [{ transforms = [], types } = {}] = inputs;
    const { trainingOnly } = options;
    const at = entryOf(types, transforms, file);
    const isSeries = isOfSeries(file);
    const isImage = isImageClass(asItems(types)?.at(-1));
    const foreign: PyValue[] = [];
    const known = (record: PyValue): Found => {
      const found = knownStage(record, trainingOnly);
      if (!found) foreign.push(record);
      return found ?? record;
    };
    const { readSeriesTransform } = afterBatch.some(isOfTsai)
      ? await import('./timeseries/index.js')
      : { readSeriesTransform: undefined };
    const batch = (record: PyValue): Found => {
      if (doesNothing(record, trainingOnly)) return [];
      const series = readSeriesTransform?.(record, isSeries);
      if (series) return series.map(ofBatch);
      const image =
        isOfFastai(record) && record instanceof PyObject ? ofImages(record, isImage) : undefined;
      if (image) return [image];
      return known(record);
    };
    const own = transforms.slice(at.stage).map(known);
    const items = afterItem.map(known);
    const samples = beforeBatch.map(known);
    const batches = afterBatch.map(batch);
    const selection = selectionOf(file);
    const classes = (asItems(types) ?? []).slice(at.stage).map(ownClassOf);
    const needsCode =
      foreign.length > 0 ||
      classes.some((type) => type instanceof PyGlobal && !isImageTensor(type));
    const code = needsCode ? await openCode(foreign, isSeries, options) : undefined;
    const resolved = (found: Found, given: GivenAs): readonly ArrayStage[] =>
      isStages(found) ? found : [code!.stage(found, given) ?? []].flat();
    const as = (type: PyValue | undefined): ArrayStage[] => {
      if (!code || type === undefined) return [];
      const cls = code.tensorClass(type);
      return [(given) => ({ ...given, cls })];
    };
    return new ArrayPipeline(
      [
        ...as(classes[0]),
        ...own.flatMap((found, i) => [...resolved(found, 'item'), ...as(classes[i + 1])]),
        ...items.flatMap((found) => resolved(found, 'inputs')),
        ...samples.flatMap((found) => resolved(found, 'samples')),
      ],
      [
        ...(selection ? [ofBatch(selection)] : []),
        ...batches.flatMap((found) => resolved(found, 'inputs')),
      ],
      at.isNumpy,
      code,
      !selection && foreign.length === 0 && [...afterBatch].every(keepsShape),
    );
  }

  /** A batch of one. @throws ArrayItemError, RaisedInCodeError */
  async apply(item: GivenArray): Promise<Tensor> {
    let state: Held = { tensor: tensorOf(item), isNumpy: this.startsAsNumpy };
    const apply = async (stage: ArrayStage): Promise<Held> => ({
      cls: state.cls,
      ...(await stage(state)),
    });
    for (const stage of this.stages) state = await apply(stage);
    const { tensor } = toTensor(state);
    state = {
      ...state,
      tensor: new Tensor(tensor.type, tensor.data as Float32Array, [1, ...tensor.dims]),
      isNumpy: false,
    };
    for (const stage of this.batchStages) state = await apply(stage);
    return state.tensor;
  }

  async release(): Promise<void> {
    await this.code?.release();
  }
}

/**
 * A transform of fastai's that only changes tensors of images. Without code, the class of the last
 * stage is that of the batch.
 */
function ofImages(record: PyObject, isImage: boolean): ArrayStage | undefined {
  const stage = imageStage(record);
  return (
    stage &&
    ((given) => {
      const { cls } = given;
      const applies = cls ? cls.mro.some(({ name }) => name === 'TensorImage') : isImage;
      return applies ? stage(given) : given;
    })
  );
}

function imageStage(record: PyObject): ArrayStage | undefined {
  const name = transformName(record);
  if (name === 'Normalize') {
    // tsai's batches have none. It changes nothing in them, so only images refuse it.
    const hasStatistics = record.attr('mean') instanceof FileTensor;
    return ofBatch(hasStatistics ? normalizing(record) : (batch) => normalizing(record)(batch));
  }
  const transforms = readBatchTransform(record);
  return (
    transforms &&
    ((given) => {
      const { length } = given.tensor.dims;
      if (length !== 4) throw notAnImage(name, length);
      const apply = (tensor: Tensor, one: BatchTransform): Tensor => applyBatch(tensor, one, name);
      return { ...given, tensor: transforms.reduce(apply, given.tensor) };
    })
  );
}

const notAnImage = (name: string, length: number): UnsupportedLearnerError =>
  new UnsupportedLearnerError(
    `The learner's "${name}" takes a batch of images, but the batch has ${length} dimensions`,
    'give items of shape [channels, height, width]',
  );

type Found = readonly ArrayStage[] | PyValue;

/** tsai's transforms that add, drop or cut variables or steps. */
const CHANGES_SHAPE =
  /^TS(CyclicalPosition|LinearPosition|Position|Missingness|PositionGaps|RollingMean|DropVars|OneHotEncode|PatchEncoder|TuplePatchEncoder|Diff|LogReturn)$/;

const keepsShape = (record: PyValue): boolean => !CHANGES_SHAPE.test(transformName(record));

/** A class of tensors that code tells from others. */
const ownClassOf = (type: PyValue): PyValue | undefined =>
  isOwnClass(type) || isImageTensor(type) ? type : undefined;

const isStages = (found: Found): found is readonly ArrayStage[] => Array.isArray(found);

const isOfTsai = (record: PyValue): boolean => qualifiedName(record).startsWith('tsai.');

async function openCode(records: readonly PyValue[], isSeries: boolean, options: LearnerOptions) {
  const { ArrayCode } = await import('./array-code.js');
  return ArrayCode.open(records, isSeries, options);
}

/** The first stage that received an array or tensor in training, found like `infer_idx`. */
function entryOf(
  types: PyValue | undefined,
  transforms: readonly PyValue[],
  { className }: LearnerFile,
): { readonly stage: number; readonly isNumpy: boolean } {
  if (transforms.length === 0) return { stage: 0, isNumpy: false };
  const isOne = (name: string, type: PyValue): boolean =>
    name === ARRAY || TENSOR.test(name) || isOwnClass(type);
  const stage = entryStage(types, isOne);
  if (stage !== undefined) {
    const numpy = entryStage(types, (name) => name === ARRAY);
    return { stage, isNumpy: stage === numpy && stage < transforms.length };
  }
  // tsai's own lists of transforms do not record types.
  if (types === undefined || types === null) return { stage: 0, isNumpy: true };
  throw new UnsupportedLearnerError(
    `The learner (${className}) makes its tensors from items of another kind, and none of ` +
      'its transforms takes an array',
    'serve its model with pytorch.saveModel(name, "export.pkl"), and prepare the tensors yourself',
  );
}

function tensorOf({ data, dims }: GivenArray): Tensor {
  if (data instanceof BigInt64Array || data instanceof Float32Array) {
    return new Tensor(data instanceof Float32Array ? 'float32' : 'int64', data, dims);
  }
  const numbers = Array.isArray(data)
    ? Float64Array.from(data as readonly (number | bigint)[], Number)
    : (data as Float64Array);
  return new Tensor(numbers, dims);
}
