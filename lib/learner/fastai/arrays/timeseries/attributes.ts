import {
  asBool,
  asItems,
  asNumber,
  NdArray,
  PyGlobal,
  PyObject,
  Tensor,
  type PyValue,
} from '../../../torch/index.js';
import { UnsupportedLearnerError } from '../../errors.js';
import type { Series } from './series.js';

/** A transform of tsai: its effect on a batch of one. */
export type SeriesTransform = (x: Series) => Series;

export type SeriesReader = (record: PyObject) => SeriesTransform;

export function malformed(record: PyObject, reason: string): UnsupportedLearnerError {
  return new UnsupportedLearnerError(
    `The learner's transform "${record.className}" cannot be read (${reason})`,
    'export the learner again with the version of tsai that trained it',
  );
}

export const isGiven = (value: PyValue | undefined): value is PyValue =>
  value !== undefined && value !== null;

export const flag = (record: PyObject, name: string): boolean => asBool(record.attr(name)) ?? false;

export function numberIn(record: PyObject, name: string): number {
  const value = asNumber(record.attr(name));
  if (value === undefined) throw malformed(record, `its ${name} is not a number`);
  return value;
}

/** A tensor that the transform learned, or a number. */
export function statistic(record: PyObject, name: string): Series {
  const value = record.attr(name);
  if (value instanceof Tensor) return { data: value.toFloat32(), dims: value.shape };
  if (value instanceof NdArray) {
    return { data: Float32Array.from(value.items(), Number), dims: value.shape };
  }
  return { data: Float32Array.of(numberIn(record, name)), dims: [] };
}

/** One Python integer or a list of them. */
export function integers(value: PyValue | undefined): number[] | undefined {
  const one = asNumber(value);
  const all = one === undefined ? asItems(value)?.map((item) => asNumber(item)) : [one];
  return all?.every((each): each is number => Number.isInteger(each)) ? all : undefined;
}

/** The axes in the record: a tuple, a number, or None for all. */
export function axesOf(record: PyObject, name: string): number[] {
  const value = record.attr(name);
  if (value === null) return [];
  const axes = integers(value);
  if (!axes || axes.some((axis) => axis < -3 || axis > 2)) {
    throw malformed(record, `its ${name} is not a list of axes`);
  }
  return axes;
}

/** The variables that an index picks of `count`: the index is a number, a list or a slice. */
export function places(record: PyObject, value: PyValue | undefined, count: number): number[] {
  if (isSlice(value)) return placesOfSlice(record, value, count);
  const found = integers(value)?.map((place) => (place < 0 ? place + count : place));
  if (!found || found.length > count * MOST_REPEATS) {
    throw malformed(record, 'it picks variables neither by numbers nor by a slice');
  }
  for (const place of found) {
    if (place < 0 || place >= count) {
      throw malformed(record, `it picks variable ${place} of ${count}`);
    }
  }
  return found;
}

/** A list may pick a variable more than once. */
const MOST_REPEATS = 16;

export const isSlice = (value: PyValue | undefined): value is PyObject =>
  value instanceof PyObject &&
  value.cls instanceof PyGlobal &&
  /^(builtins|__builtin__)\.slice$/.test(value.cls.qualifiedName);

function placesOfSlice(record: PyObject, value: PyObject, count: number): number[] {
  const [start = null, stop = null, step = null] = value.args;
  const by = step === null ? 1 : asNumber(step);
  if (by === undefined || !Number.isInteger(by) || by < 1) {
    throw malformed(record, 'it picks variables by a slice whose step is not 1 or more');
  }
  const edge = (bound: PyValue, absent: number): number => {
    const at = bound === null ? absent : (asNumber(bound) ?? NaN);
    if (!Number.isInteger(at))
      throw malformed(record, 'it picks variables by a slice without numbers');
    return Math.min(count, Math.max(0, at < 0 ? at + count : at));
  };
  const found: number[] = [];
  for (let at = edge(start, 0), end = edge(stop, count); at < end; at += by) found.push(at);
  return found;
}
