import type { Tensor } from 'onnxruntime-common';
import { nameOf } from '../../runtime/name-of.js';
import { BatchResultError } from '../errors.js';
import { concat, dimOf, slice } from './tensor-block.js';
import { tensorsIn } from './tensor-item.js';

/** The columns of one item's part of a tensor that are not padding. */
export interface Columns {
  readonly dim: number;
  readonly start: number;
  readonly size: number;
}

/** The columns of output `index` that belong to an item; undefined means all. */
type ColumnsOf = (tensor: Tensor, index: number, item: number) => Columns | undefined;

/**
 * Splits the result of a batch: a tensor, an array or object of tensors, or an array with one
 * element per row.
 *
 * @throws BatchResultError
 */
export function splitResult(
  result: unknown,
  rows: readonly number[],
  batchDim: number,
  columnsOf: ColumnsOf = () => undefined,
): unknown[] {
  const given = tensorsIn(result);
  if (given !== undefined) {
    const parts = given.tensors.map((tensor, i) =>
      splitTensor(tensor, rows, batchDim, i, columnsOf),
    );
    return rows.map((_, item) => given.with(parts.map((part) => part[item] as Tensor)));
  }
  if (Array.isArray(result)) return splitList(result, rows);
  throw new BatchResultError(
    `The result of a batch is ${nameOf(result)}, not a tensor, an array or object of tensors, or an array with one element per row`,
  );
}

/** Joins the results of an item's parts. */
export function joinResults(results: readonly unknown[], batchDim: number): unknown {
  const first = tensorsIn(results[0]);
  if (first === undefined) return (results as unknown[][]).flat();
  const all = results.map((result) => tensorsIn(result)?.tensors as readonly Tensor[]);
  const joined = first.tensors.map(({ dims }, index) =>
    concat(
      all.map((tensors) => tensors[index] as Tensor),
      dimOf(dims, batchDim),
    ),
  );
  return first.with(joined);
}

function splitTensor(
  tensor: Tensor,
  rows: readonly number[],
  batchDim: number,
  index: number,
  columnsOf: ColumnsOf,
): Tensor[] {
  const along = dimOf(tensor.dims, batchDim);
  const all = rows.reduce((sum, count) => sum + count, 0);
  if (tensor.dims[along] !== all) {
    throw new BatchResultError(
      `A batch of ${all} rows came back as a tensor of shape [${tensor.dims.join(', ')}], which does not have ${all} rows in dimension ${batchDim}`,
    );
  }
  let start = 0;
  return rows.map((count, item) => {
    const starts = tensor.dims.map(() => 0);
    const dims = [...tensor.dims];
    starts[along] = start;
    dims[along] = count;
    start += count;
    const columns = columnsOf(tensor, index, item);
    if (columns !== undefined) {
      starts[columns.dim] = columns.start;
      dims[columns.dim] = columns.size;
    }
    return slice(tensor, starts, dims);
  });
}

function splitList(list: readonly unknown[], rows: readonly number[]): unknown[] {
  const all = rows.reduce((sum, count) => sum + count, 0);
  if (list.length !== all) {
    throw new BatchResultError(
      `A batch of ${all} rows came back as an array of ${list.length} elements`,
    );
  }
  let start = 0;
  return rows.map((count) => list.slice(start, (start += count)));
}
