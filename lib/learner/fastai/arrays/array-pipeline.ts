import { Tensor } from 'onnxruntime-common';
import { PyObject, type PyValue } from '../../torch/index.js';
import type { LearnerOptions } from '../contract.js';
import { entryStage, isOfFastai, qualifiedName, transformName } from '../data/pipeline.js';
import { UnsupportedLearnerError } from '../errors.js';
import type { LearnerFile } from '../learner-file.js';
import { doesNothing } from '../vision/transforms/neutral.js';
import type { GivenArray } from './array-item.js';
import {
  knownStage,
  normalizing,
  ofBatch,
  toTensor,
  type ArrayStage,
  type Held,
} from './array-stage.js';
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
    const isImage = lastClass(types) === 'TensorImage';
    const foreign: PyValue[] = [];
    const known = (record: PyValue): readonly ArrayStage[] | PyValue => {
      const found = knownStage(record, trainingOnly);
      if (!found) foreign.push(record);
      return found ?? record;
    };
    const { readSeriesTransform } = afterBatch.some(isOfTsai)
      ? await import('./timeseries/index.js')
      : { readSeriesTransform: undefined };
    const batch = (record: PyValue): readonly ArrayStage[] | PyValue => {
      if (doesNothing(record, trainingOnly)) return [];
      const series = readSeriesTransform?.(record, isSeries);
      if (series) return series.map(ofBatch);
      if (isOfFastai(record) && transformName(record) === 'Normalize') {
        return isImage && record instanceof PyObject ? [ofBatch(normalizing(record))] : [];
      }
      return known(record);
    };
    const items = [...transforms.slice(at.stage), ...afterItem].map(known);
    const batches = [...beforeBatch, ...afterBatch].map(batch);
    const selection = selectionOf(file);
    const code = foreign.length > 0 ? await openCode(foreign, isSeries, options) : undefined;
    const resolved = (found: readonly ArrayStage[] | PyValue): readonly ArrayStage[] =>
      isStages(found) ? found : [code!.stage(found) ?? []].flat();
    return new ArrayPipeline(
      items.flatMap(resolved),
      [...(selection ? [ofBatch(selection)] : []), ...batches.flatMap(resolved)],
      at.isNumpy,
      code,
      !selection && foreign.length === 0 && [...afterBatch].every(keepsShape),
    );
  }

  /** A batch of one. @throws ArrayItemError, RaisedInCodeError */
  async apply(item: GivenArray): Promise<Tensor> {
    let state: Held = { tensor: tensorOf(item), isNumpy: this.startsAsNumpy };
    for (const stage of this.stages) state = await stage(state);
    const { tensor } = toTensor(state);
    state = {
      tensor: new Tensor(tensor.type, tensor.data as Float32Array, [1, ...tensor.dims]),
      isNumpy: false,
    };
    for (const stage of this.batchStages) state = await stage(state);
    return state.tensor;
  }

  async release(): Promise<void> {
    await this.code?.release();
  }
}

type Found = readonly ArrayStage[] | PyValue;

/** tsai's transforms that add, drop or cut variables or steps. */
const CHANGES_SHAPE =
  /^TS(CyclicalPosition|LinearPosition|Position|Missingness|PositionGaps|RollingMean|DropVars|OneHotEncode|PatchEncoder|TuplePatchEncoder|Diff|LogReturn)$/;

const keepsShape = (record: PyValue): boolean => !CHANGES_SHAPE.test(transformName(record));

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
  const isOne = (name: string): boolean => name === ARRAY || TENSOR.test(name);
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

function lastClass(types: PyValue | undefined): string {
  const last = Array.isArray(types) ? types.at(-1) : undefined;
  return last === undefined || last === null ? '' : transformName(last);
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
