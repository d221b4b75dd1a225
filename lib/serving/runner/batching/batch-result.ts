import type { Tensor } from 'onnxruntime-common';
import { isTensor } from '../../../learner/runtime/is-tensor.js';
import { BatchResultError } from '../errors.js';
import { concat, dimOf, slice } from './tensor-block.js';

/** Columns that are no padding, of one item's part of a tensor. */
export interface Columns {
  readonly dim: number;
  readonly start: number;
  readonly size: number;
}

/**
 * Which columns of an item's part of the result's tensor number `index` are its own; undefined for
 * all.
 */
type ColumnsOf = (tensor: Tensor, index: number, item: number) => Columns | undefined;

/**
 * Takes the result of a batch apart: a tensor, an array or object of tensors, or an array with an
 * element for each row.
 *
 * @throws BatchResultError
 */
export function splitResult(
  result: unknown,
  rows: readonly number[],
  batchDim: number,
  columnsOf: ColumnsOf = () => undefined,
): unknown[] {
  if (isTensor(result)) return splitTensor(result, rows, batchDim, 0, columnsOf);
  if (Array.isArray(result)) {
    if (result.length === 0 || !result.every(isTensor)) return splitList(result, rows);
    const parts = result.map((tensor, i) => splitTensor(tensor, rows, batchDim, i, columnsOf));
    return rows.map((_, item) => parts.map((part) => part[item]));
  }
  const entries = tensorsByName(result);
  if (entries === undefined) {
    throw new BatchResultError(
      `The result of a batch is ${nameOf(result)}, not a tensor, nor an array or object of tensors, nor an array with an element for each row`,
    );
  }
  const parts = entries.map(
    ([name, tensor], i) => [name, splitTensor(tensor, rows, batchDim, i, columnsOf)] as const,
  );
  return rows.map((_, item) => Object.fromEntries(parts.map(([name, part]) => [name, part[item]])));
}

/** One result of those of an item's parts. */
export function joinResults(results: readonly unknown[], batchDim: number): unknown {
  const [first] = results;
  if (isTensor(first)) return joinTensors(results as Tensor[], batchDim);
  if (Array.isArray(first)) {
    const lists = results as unknown[][];
    if (first.length === 0 || !first.every(isTensor)) return lists.flat();
    return first.map((_, index) =>
      joinTensors(
        lists.map((list) => list[index] as Tensor),
        batchDim,
      ),
    );
  }
  return Object.fromEntries(
    Object.keys(first as object).map((name) => [
      name,
      joinTensors(
        results.map((result) => (result as Record<string, Tensor>)[name] as Tensor),
        batchDim,
      ),
    ]),
  );
}

/** The tensors of an object by name; undefined where it is no such object. */
export function tensorsByName(value: unknown): [string, Tensor][] | undefined {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return undefined;
  const entries = Object.entries(value) as [string, Tensor][];
  return entries.length > 0 && entries.every(([, tensor]) => isTensor(tensor))
    ? entries
    : undefined;
}

/** A value's kind, for messages. */
export function nameOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return 'an array';
  if (typeof value !== 'object') return `a ${typeof value}`;
  return `a ${(value.constructor as { name?: string } | undefined)?.name ?? 'object'}`;
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
      `A batch of ${all} rows came back as a tensor of shape [${tensor.dims.join(', ')}], which has not ${all} rows in dimension ${batchDim}`,
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

function joinTensors(tensors: readonly Tensor[], batchDim: number): Tensor {
  return concat(tensors, dimOf((tensors[0] as Tensor).dims, batchDim));
}
