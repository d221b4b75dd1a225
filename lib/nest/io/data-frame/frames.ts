import type { FrameLike } from '../../../learner/fastai/contract.js';
import { cellsOf } from '../../../learner/fastai/tabular/packed-frame.js';
import type { DataFrame } from './data-frame.js';
import { Fault, nameOf } from '../errors.js';
import { columnsOf } from './orients.js';
import { filled, type Cells, type RawFrame } from './raw-frame.js';

/**
 * The types that an endpoint can return as a data frame: an arquero table, row objects, columns by
 * name, or a tensor of two dimensions (its columns are numbered).
 *
 * @publicApi
 */
export type DataFrameOutput =
  | FrameLike
  | readonly Readonly<Record<string, unknown>>[]
  | Readonly<Record<string, ArrayLike<unknown>>>
  | TensorLike;

export interface TensorLike {
  readonly dims: readonly number[];
  readonly data: ArrayLike<unknown>;
}

/** arquero's `ColumnTable`, whose own declarations do not compile under strict settings. */
type TableClass = new (
  columns: Readonly<Record<string, Cells>>,
  names: readonly string[],
) => DataFrame;

/** The class of tables with these columns. @throws Fault */
export async function tableClass(names: readonly string[]): Promise<TableClass> {
  if (names.includes('__proto__')) {
    // arquero keeps columns in a plain object, in which this name would set the prototype.
    throw new Fault('a column is named "__proto__"', 'give the column another name');
  }
  // Loaded with the first frame, because it takes about 20 MB that services without frames do not
  // need.
  return (await import('arquero')).ColumnTable as unknown as TableClass;
}

/** @throws Fault */
export async function toTable({ columns }: RawFrame): Promise<DataFrame> {
  const names = [...columns.keys()];
  const ColumnTable = await tableClass(names);
  return new ColumnTable(Object.fromEntries(columns), names);
}

/**
 * A copy, because data that is written in pieces must not change meanwhile.
 *
 * @param plain Convert a table's typed arrays to plain arrays, which costs more.
 * @throws Fault for what is not a data frame.
 */
export function toFrame(value: unknown, plain = false): RawFrame {
  if (Array.isArray(value)) return fromRows(value);
  if (typeof value === 'object' && value !== null) {
    if (isTable(value)) return fromTable(value, plain);
    if ('dims' in value && 'data' in value) return fromTensor(value as TensorLike);
    if (!ArrayBuffer.isView(value)) return fromColumns(value as Record<string, unknown>);
  }
  const remedy = 'return an arquero table, row objects, or columns by name';
  throw new Fault(`it is ${nameOf(value)}`, remedy);
}

export function isTable(value: object): value is FrameLike {
  const { numRows, columnNames } = value as Partial<FrameLike>;
  return typeof numRows === 'function' && typeof columnNames === 'function';
}

function fromTable(table: FrameLike, plain: boolean): RawFrame {
  const cells = (name: string): Cells =>
    plain ? (table.array(name) as Cells) : (cellsOf(table, name) as Cells).slice();
  const columns = table.columnNames().map((name) => [name, cells(name)] as const);
  return { rows: table.numRows(), columns: new Map(columns) };
}

function fromRows(rows: readonly unknown[]): RawFrame {
  const [columns] = columnsOf(rows, 'return an object for each row');
  for (const cells of columns.values()) filled(cells, rows.length);
  return { rows: rows.length, columns };
}

function fromColumns(value: Readonly<Record<string, unknown>>): RawFrame {
  const columns = new Map<string, Cells>();
  let rows: number | undefined;
  for (const [name, cells] of Object.entries(value)) {
    if (!Array.isArray(cells) && !ArrayBuffer.isView(cells)) {
      throw new Fault(`the column "${name}" is not an array`, 'return an array for each column');
    }
    const { length } = cells as Cells;
    if (rows !== undefined && rows !== length) {
      throw new Fault(
        `the column "${name}" has ${length} values, but others have ${rows}`,
        'return columns of equal length',
      );
    }
    rows = length;
    columns.set(name, (cells as Cells).slice());
  }
  return { rows: rows ?? 0, columns };
}

function fromTensor({ dims, data }: TensorLike): RawFrame {
  const [rows = 1, width = 1, ...more] = dims;
  if (more.length > 0) {
    throw new Fault(
      `it is a tensor of ${dims.length} dimensions`,
      'return a tensor of two dimensions',
    );
  }
  const columns = new Map<string, Cells>();
  for (let index = 0; index < width; index++) {
    columns.set(
      String(index),
      Array.from({ length: rows }, (_, row) => data[row * width + index]),
    );
  }
  return { rows, columns };
}
