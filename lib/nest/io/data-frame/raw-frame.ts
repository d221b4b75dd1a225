import { Fault } from '../errors.js';
import type { NumberArray } from '../ndarray/dtypes.js';

/** The cells of one column. Missing ones are null. */
export type Cells = unknown[] | NumberArray;

/** Named columns of equal length, in order, as they arrived over HTTP. */
export interface RawFrame {
  readonly rows: number;
  readonly columns: Map<string, Cells>;
}

/** A value for a message, cut short. */
export function describeValue(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'an array';
  if (value instanceof Date) return 'a date';
  if (typeof value === 'object') return 'an object';
  if (typeof value !== 'string') return String(value);
  return value.length > 40 ? `"${value.slice(0, 40)}…"` : `"${value}"`;
}

/** The larger of both limits the cells of a frame, because most may be missing. */
const MOST_SPARSE_CELLS = 4_000_000;
const MOST_CELLS_PER_VALUE = 20;

/**
 * A row with its own column costs few bytes, but a cell in every other row. Short rows under a long
 * header do the same.
 *
 * @throws Fault for a large frame that is almost empty.
 */
export function checkSparse(rows: number, columns: number, given: number): void {
  if (rows * columns <= Math.max(MOST_SPARSE_CELLS, MOST_CELLS_PER_VALUE * given)) return;
  throw new Fault(
    `its ${given} values are spread over ${rows} rows and ${columns} columns`,
    'send rows with the same columns',
  );
}

/** A column of missing cells. */
export function nulls(rows: number): unknown[] {
  // Array.from with a function would take ten times as long.
  return Array.from<unknown>({ length: rows }).fill(null);
}

/** The cells, with null in holes and at the end. */
export function filled(cells: unknown[], rows: number): unknown[] {
  for (let row = 0; row < rows; row++) cells[row] ??= null;
  return cells;
}

/** Columns of only numbers become typed arrays, which are cheapest from here on. */
export function compact(cells: unknown[]): Cells {
  const numbers = new Float64Array(cells.length);
  for (let row = 0; row < cells.length; row++) {
    const value = cells[row];
    if (typeof value !== 'number') return cells;
    numbers[row] = value;
  }
  return numbers;
}

/** Bigints become numbers, except in wide columns: other code does not expect them. */
export function narrowed(
  { rows, columns }: RawFrame,
  isWide: (name: string, index: number) => boolean,
): RawFrame {
  const numbers = (cells: Cells): Cells =>
    Array.isArray(cells) && cells.some((cell) => typeof cell === 'bigint' || isNested(cell))
      ? compact(cells.map(narrow))
      : cells;
  return {
    rows,
    columns: new Map(
      [...columns].map(([name, cells], index) => [
        name,
        isWide(name, index) ? cells : numbers(cells),
      ]),
    ),
  };
}

function isNested(cell: unknown): cell is object {
  return typeof cell === 'object' && cell !== null;
}

function narrow(cell: unknown): unknown {
  if (typeof cell === 'bigint') return Number(cell);
  if (!isNested(cell)) return cell;
  if (Array.isArray(cell)) return cell.map(narrow);
  return Object.fromEntries(Object.entries(cell).map(([name, value]) => [name, narrow(value)]));
}
