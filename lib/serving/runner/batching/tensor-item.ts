import type { Tensor } from 'onnxruntime-common';
import { isTensor } from '../../../learner/runtime/is-tensor.js';
import { nameOf } from '../../runtime/name-of.js';
import { BatchInputError } from '../errors.js';
import { dimOf } from './tensor-block.js';

/** An item: one tensor, a list of tensors, or tensors by name. */
export interface TensorItem {
  readonly tensors: readonly Tensor[];
  /** Identifies the item's form: `one`, `list`, or the names. */
  readonly form: string;
  /** Creates an item of this form with other tensors. */
  with(tensors: readonly Tensor[]): unknown;
}

/** Undefined for anything but a tensor, or an array or object of tensors. */
export function tensorsIn(value: unknown): TensorItem | undefined {
  if (isTensor(value)) return { tensors: [value], form: 'one', with: ([tensor]) => tensor };
  if (Array.isArray(value)) {
    if (value.length === 0 || !value.every(isTensor)) return undefined;
    return { tensors: value, form: 'list', with: (tensors) => [...tensors] };
  }
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return undefined;
  const given = Object.keys(value);
  // The order of an object's members does not matter.
  const names = [...given].sort();
  const tensors = names.map((name) => (value as Record<string, unknown>)[name]);
  if (names.length === 0 || !tensors.every(isTensor)) return undefined;
  return {
    tensors,
    form: JSON.stringify(names),
    with: (others) => Object.fromEntries(given.map((name) => [name, others[names.indexOf(name)]])),
  };
}

/** @throws BatchInputError if the item is of another kind. */
export function tensorItem(item: unknown): TensorItem {
  const given = tensorsIn(item);
  if (given !== undefined) return given;
  throw new BatchInputError(
    `The item is ${nameOf(item)}, but this batchable method takes tensors, or arrays or objects of tensors`,
    'pass a Tensor with a dimension that counts rows',
  );
}

/** The number of rows of an item, which all its tensors must have. @throws BatchInputError */
export function rowsOf({ tensors }: TensorItem, batchDim: number): number {
  let rows: number | undefined;
  for (const { dims } of tensors) {
    const size = dims[dimOf(dims, batchDim)];
    if (size === undefined) {
      throw new BatchInputError(
        `A tensor of shape [${dims.join(', ')}] has no dimension ${batchDim}, which counts the rows of a batch`,
        'add that dimension, with size 1 for one row',
      );
    }
    if (rows !== undefined && size !== rows) {
      throw new BatchInputError(
        `The tensors of one item have ${rows} and ${size} rows in dimension ${batchDim}`,
        'send the same number of rows in each',
      );
    }
    rows = size;
  }
  return rows as number;
}
