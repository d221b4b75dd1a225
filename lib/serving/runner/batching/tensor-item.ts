import type { Tensor } from 'onnxruntime-common';
import { isTensor } from '../../../learner/runtime/is-tensor.js';
import { nameOf, tensorsByName } from './batch-result.js';
import { BatchInputError } from '../errors.js';
import { dimOf } from './tensor-block.js';

/** An item of one tensor, of several in order, or of several by name. */
export interface TensorItem {
  readonly tensors: readonly Tensor[];
  /** What distinguishes the item's form: `one`, `list`, or the names. */
  readonly form: string;
  /** An item of this form with other tensors. */
  with(tensors: readonly Tensor[]): unknown;
}

/** @throws BatchInputError where the item is of no such kind. */
export function tensorItem(item: unknown): TensorItem {
  if (isTensor(item)) {
    return { tensors: [item], form: 'one', with: (tensors) => tensors[0] };
  }
  if (Array.isArray(item) && item.length > 0 && item.every(isTensor)) {
    return { tensors: item, form: 'list', with: (tensors) => [...tensors] };
  }
  const entries = Array.isArray(item) ? undefined : tensorsByName(item);
  if (entries === undefined) {
    throw new BatchInputError(
      `The item is ${nameOf(item)}, and items of this batchable method are tensors, or arrays or objects of tensors`,
      'pass a Tensor with a dimension that counts rows',
    );
  }
  // The order of an object's members is no part of its form.
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  const names = entries.map(([name]) => name);
  return {
    tensors: entries.map(([, tensor]) => tensor),
    form: JSON.stringify(names),
    with: (tensors) => Object.fromEntries(names.map((name, index) => [name, tensors[index]])),
  };
}

/**
 * Rows of an item, which all its tensors must have.
 *
 * @throws BatchInputError
 */
export function rowsOf({ tensors }: TensorItem, batchDim: number): number {
  let rows: number | undefined;
  for (const { dims } of tensors) {
    const size = dims[dimOf(dims, batchDim)];
    if (size === undefined) {
      throw new BatchInputError(
        `A tensor of shape [${dims.join(', ')}] has no dimension ${batchDim}, which counts the rows of a batch`,
        'add that dimension, of size 1 for one row',
      );
    }
    if (rows !== undefined && size !== rows) {
      throw new BatchInputError(
        `The tensors of one item have ${rows} and ${size} rows in dimension ${batchDim}`,
        'send as many rows of each',
      );
    }
    rows = size;
  }
  return rows as number;
}
