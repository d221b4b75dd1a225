import { Tensor } from 'onnxruntime-common';
import { asNumber, PyObject, Tensor as FileTensor, type PyValue } from '../../torch/index.js';
import type { ClassValue } from '../../python/values.js';
import { isOfFastai, qualifiedName, transformName } from '../data/pipeline.js';
import { UnsupportedLearnerError } from '../errors.js';
import { doesNothing, transformTitle } from '../vision/transforms/neutral.js';
import { combined, type Series } from './timeseries/series.js';
import type { SeriesTransform } from './timeseries/attributes.js';
import { readForerunner } from './timeseries/forerunners.js';

/** An item between stages: a numpy array until a stage makes a tensor of it. */
export interface Held {
  readonly tensor: Tensor;
  readonly isNumpy: boolean;
  /** The notebook's subclass of Tensor; a stage without it keeps that of its item. */
  readonly cls?: ClassValue | undefined;
}

export type ArrayStage = (given: Held) => Held | Promise<Held>;

/** float32, as from fastai's `tensor` for floats; integers stay. */
export function toTensor({ tensor }: Held): Held {
  const { type, data, dims } = tensor;
  const made = type === 'float64' ? Float32Array.from(data as Float64Array) : undefined;
  return { tensor: made ? new Tensor('float32', made, dims) : tensor, isNumpy: false };
}

/** All elements in single precision. */
function toFloat({ tensor }: Held): Held {
  const { type, data, dims } = tensor;
  if (type === 'float32') return { tensor, isNumpy: false };
  const numbers = Float32Array.from(data as ArrayLike<number>, Number);
  return { tensor: new Tensor('float32', numbers, dims), isNumpy: false };
}

function toInteger(given: Held): Held {
  // tsai also goes through single precision.
  const { data, dims } = toFloat(given).tensor;
  const whole = BigInt64Array.from(data as Float32Array, (value) =>
    BigInt(Number.isFinite(value) ? Math.trunc(value) : 0),
  );
  return { tensor: new Tensor('int64', whole, dims), isNumpy: false };
}

/** Functions that make a tensor of an array, by their names in fastai's files. */
const MAKERS: ReadonlySet<string> = new Set([
  'tensor',
  'as_tensor',
  'from_numpy',
  'asarray',
  'Tensor',
  'FloatTensor',
  'TensorBase',
  'TSTensor',
  'NumpyTensor',
]);

const TRANSFORMS: ReadonlyMap<string, ArrayStage> = new Map([
  ['ToTSTensor', toTensor],
  ['ToNumpyTensor', toTensor],
  // ai-fast-track's `timeseries`.
  ['ToTensorTS', toTensor],
  ['ToFloat', toFloat],
  ['ToInt', toInteger],
  ['CastToTensor', toTensor],
]);

/** Series of the libraries that tsai grew out of, and tsai itself. */
const OF_SERIES = /^(tsai\.(data\.)?core|timeseries(_fastai)?\.core)\./;

/**
 * How to run a library's transform of items: skip it at inference, or call a known function.
 * Undefined for the notebook's own transforms.
 */
export function knownStage(
  record: PyValue,
  trainingOnly: readonly string[] = [],
): readonly ArrayStage[] | undefined {
  if (doesNothing(record, trainingOnly)) return [];
  const name = qualifiedName(record);
  if (OF_SERIES.test(name)) {
    const series = readForerunner(record);
    if (series) return [ofBatch(series)];
    const stage = TRANSFORMS.get(transformName(record));
    return stage && [stage];
  }
  if (!isOfFastai(record) || !(record instanceof PyObject)) return undefined;
  if (transformName(record) === 'ItemGetter') return [nth(record)];
  if (transformName(record) !== 'Transform') return undefined;
  const title = transformTitle(record);
  return wrapsLibrary(record) && MAKERS.has(title) ? [toTensor] : undefined;
}

const LIBRARY = /^(torch|numpy|fastai|tsai)\./;

const wrapsLibrary = (record: PyObject): boolean =>
  wrapped(record).some((name) => LIBRARY.test(name));

/** The functions behind a transform of fastai, with plum or with fastcore's dispatch. */
function wrapped(record: PyObject): string[] {
  const encodes = record.attr('encodes');
  if (!(encodes instanceof PyObject)) return encodes === undefined ? [] : [qualifiedName(encodes)];
  const found = encodes.attr('_f') ?? encodes.attr('__wrapped__');
  return found === undefined ? [] : [qualifiedName(found)];
}

/** `x[i]` of an array item. */
function nth(record: PyObject): ArrayStage {
  const index = asNumber(record.attr('i'));
  return ({ tensor, isNumpy }) => {
    const [count = 0, ...dims] = tensor.dims;
    const at = index !== undefined && index < 0 ? index + count : index;
    if (at === undefined || !Number.isInteger(at) || at < 0 || at >= count) {
      throw new UnsupportedLearnerError(
        `The learner takes element ${index} of its item, but the item has ${count}`,
        'give items like those in training',
      );
    }
    const size = dims.reduce((product, dim) => product * dim, 1);
    const data = (tensor.data as Float32Array).subarray(at * size, (at + 1) * size);
    return { tensor: new Tensor(tensor.type, data, dims), isNumpy };
  };
}

/** A transform of a batch of one, in single precision. */
export const ofBatch =
  (transform: SeriesTransform): ArrayStage =>
  (given) => {
    const { data, dims } = toFloat(given).tensor;
    const made = transform({ data: data as Float32Array, dims });
    return { tensor: new Tensor('float32', made.data, made.dims), isNumpy: false };
  };

/** fastai's `Normalize`, which changes only tensors of class `TensorImage`. */
export function normalizing(record: PyObject): SeriesTransform {
  const [mean, std] = ['mean', 'std'].map((name): Series => {
    const value = record.attr(name);
    if (value instanceof FileTensor) return { data: value.toFloat32(), dims: value.shape };
    throw new UnsupportedLearnerError(
      `The learner's transform "${record.className}" has no ${name}`,
      'export the learner again',
    );
  }) as [Series, Series];
  return (x) => combined(x, [mean, std], (value, m, s) => Math.fround(Math.fround(value - m) / s));
}
