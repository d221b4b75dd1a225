import { Tensor } from 'onnxruntime-common';
import type { ResultForm } from '../../onnx/lowering/result-form.js';
import type { Results } from '../contract.js';
import { rowOf } from '../data/rows.js';
import { joinTensors } from '../data/tensor-rows.js';
import { UnsupportedLearnerError } from '../errors.js';

/** Results, and how they were returned. */
export interface Given {
  readonly results: Results;
  readonly form: ResultForm;
}

/** The tensors of a model's answer, in order. */
export const tensorsOf = (results: Results): readonly Tensor[] =>
  isSeveral(results) ? results : [results];

export const isSeveral = (results: Results): results is readonly Tensor[] => Array.isArray(results);

/** Applies a function to each result. */
const mapResults = <T>(results: Results, change: (tensor: Tensor) => T): T | T[] =>
  isSeveral(results) ? results.map(change) : change(results);

/** The first row of each result, without the batch. */
export const firstRow = (results: Results): Results =>
  mapResults(results, (tensor) => rowOf(tensor, 0)) as Results;

/**
 * The outputs of a run, in the form in which the model returned them.
 *
 * @throws UnsupportedLearnerError if one of several has no row for each item.
 */
export function resultsOf(
  outputs: Readonly<Record<string, unknown>>,
  names: readonly string[],
  form: ResultForm,
  items: number,
): Results {
  const tensors = names.map((name) => outputs[name] as Tensor);
  return form === 'tensor' ? tensors[0]! : withRows(tensors, items);
}

/** Several results. @throws UnsupportedLearnerError if one has no row for each item. */
export function withRows(results: readonly Tensor[], items: number): Results {
  return results.map((tensor, at) => {
    if (tensor.dims[0] === items) return tensor;
    throw new UnsupportedLearnerError(
      `Result ${at} of the learner's model has the shape [${tensor.dims.join(', ')}] for ` +
        `${items} item${items === 1 ? '' : 's'}`,
      'export a learner whose model returns a row for each item in each result',
    );
  });
}

/** Joins the parts of each result with one function. */
export function joinResults(
  parts: readonly Results[],
  join: (tensors: readonly Tensor[]) => Tensor,
): Results {
  const [first] = parts;
  if (first === undefined || !isSeveral(first)) return join(parts as readonly Tensor[]);
  return first.map((_, at) => {
    const tensors = (parts as readonly (readonly Tensor[])[]).map((part) => part[at]!);
    const shapes = new Set(tensors.map(({ type, dims }) => `${type} ${dims.slice(1).join('x')}`));
    if (shapes.size < 2) return join(tensors);
    throw new UnsupportedLearnerError(
      `Result ${at} of the learner's model has other sizes for other items`,
      'predict from one item at a time',
    );
  });
}

/** The rows of tensors of any type in another order: row `order[k]` is the k-th given row. */
export function reordered(parts: readonly Tensor[], order: readonly number[]): Tensor {
  const given = joinTensors(parts);
  const source = given.data as Float32Array;
  const size = source.length / order.length;
  const data = source.slice();
  order.forEach((to, row) => data.set(source.subarray(row * size, (row + 1) * size), to * size));
  return new Tensor(given.type, data, given.dims);
}

/** The only result. @throws UnsupportedLearnerError if there are several. */
export function onlyResult(results: Results): Tensor {
  if (!isSeveral(results)) return results;
  throw new UnsupportedLearnerError(
    `The learner's model returns ${results.length} results, where one is needed`,
    'use predict() or getPreds(), which return each of them',
  );
}
