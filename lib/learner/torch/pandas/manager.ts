import { CorruptTensorError, UnreadableColumnError } from '../errors.js';
import { NdArray } from '../numpy.js';
import { PyDict, PyObject, type PyValue } from '../python.js';
import { arrayValues, ndArrayIn } from './array.js';
import { Index } from './axis.js';

interface Block {
  /** Two-dimensional numpy values (a row for each column of the frame), or an extension array. */
  readonly values: PyValue;
  /** The columns of the frame that the block holds, in order. */
  readonly columns: readonly number[];
}

/** The columns of a frame or series, from any version of pandas. */
export interface BlockManager {
  /** Columns and rows for a frame; rows for a series. */
  readonly axes: readonly Index[];
  column(position: number, what: string): PyValue[];
  /** The array that holds a column. */
  arrayOf(position: number): PyValue | undefined;
}

/** Since pandas 1.3 a call with blocks and axes; before that a state of four parts. */
export function readManager(value: PyValue | undefined, what: string): BlockManager {
  if (!(value instanceof PyObject))
    throw new UnreadableColumnError(what, 'something other than a block manager');
  const single = value.className.endsWith('.SingleBlockManager');
  // Either the constructor's `(blocks, axes)`, or the state `(…, …, …, { '0.14.1': … })`.
  const extra = Array.isArray(value.state) ? value.state[3] : undefined;
  const parts = extra instanceof PyDict ? extra.get('0.14.1') : undefined;
  const [blocks, axes] = (
    parts instanceof PyDict ? [parts.get('blocks'), parts.get('axes')] : value.args
  ).map(listOf);
  if (!blocks || !axes?.every((axis) => axis instanceof Index)) {
    throw new UnreadableColumnError(what, value.className);
  }
  const located = new Map<number, [block: Block, row: number]>();
  for (const each of blocks) {
    const block = readBlock(each, single, what);
    block.columns.forEach((column, row) => located.set(column, [block, row]));
  }
  return {
    axes,
    arrayOf: (position) => located.get(position)?.[0].values,
    column(position, name) {
      const [block, row] = located.get(position) ?? [];
      if (!block) throw new UnreadableColumnError(name, 'a column without values');
      const values = arrayValues(block.values, name);
      if (blockRows(block.values) === 1) return values;
      const length = values.length / block.columns.length;
      return values.slice(row! * length, (row! + 1) * length);
    },
  };
}

function listOf(value: PyValue | undefined): PyValue[] | undefined {
  if (Array.isArray(value)) return value;
  return value == null ? undefined : [value];
}

function readBlock(value: PyValue, single: boolean, what: string): Block {
  const [values, placement] =
    value instanceof PyDict
      ? [value.get('values'), value.get('mgr_locs')]
      : value instanceof PyObject
        ? value.args
        : [];
  if (values === undefined) throw new UnreadableColumnError(what, 'an unknown block');
  return { values, columns: single ? [0] : positions(placement, blockRows(values)) };
}

/** The most columns that a block can hold. */
function blockRows(values: PyValue): number {
  const array = values instanceof PyObject ? ndArrayIn(values) : values;
  return array instanceof NdArray && array.shape.length === 2 ? array.shape[0]! : 1;
}

function positions(placement: PyValue | undefined, rows: number): number[] {
  if (placement instanceof NdArray) return placement.items().map(Number).slice(0, rows);
  if (!(placement instanceof PyObject)) {
    throw new CorruptTensorError('a block of a data frame does not state its columns');
  }
  // BlockPlacement wraps a slice or an array.
  if (placement.className.endsWith('.BlockPlacement')) {
    const inner = placement.args[0];
    return inner instanceof PyObject && inner.className.endsWith('.BlockPlacement')
      ? []
      : positions(inner, rows);
  }
  const [start, , step] = placement.args;
  const first = typeof start === 'number' ? start : 0;
  const every = typeof step === 'number' ? step : 1;
  return Array.from({ length: rows }, (_, i) => first + i * every);
}
