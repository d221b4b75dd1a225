/** Cells of one column. Missing ones are null. @internal */
export type Cells = unknown[] | NumericArray;

/** @internal */
export type NumericArray =
  | Float64Array
  | Float32Array
  | Int32Array
  | Int16Array
  | Int8Array
  | Uint32Array
  | Uint16Array
  | Uint8Array;

/** Named columns of equal length, in order, as they came over HTTP. @internal */
export interface RawFrame {
  readonly rows: number;
  readonly columns: Map<string, Cells>;
}

/** What is wrong with a body, without the descriptor whose it is. @internal */
export class FrameFault extends Error {
  constructor(
    readonly fact: string,
    readonly remedy: string,
  ) {
    super(fact);
  }
}

/** A fault of one cell; rows are counted from 0, as in pandas. @internal */
export function cellFault(column: string, row: number, fact: string, remedy: string): FrameFault {
  return new FrameFault(`the column "${column}" at row ${row} (counted from 0) ${fact}`, remedy);
}

/** A value for a message, cut short. @internal */
export function describeValue(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'an array';
  if (value instanceof Date) return 'a date';
  if (typeof value === 'object') return 'an object';
  if (typeof value !== 'string') return String(value);
  return value.length > 40 ? `"${value.slice(0, 40)}…"` : `"${value}"`;
}

/** A column of missing cells. @internal */
export function nulls(rows: number): unknown[] {
  // A function given to Array.from would take ten times as long.
  return Array.from<unknown>({ length: rows }).fill(null);
}

/** Columns of nothing but numbers become typed arrays, which cost the least from here on. @internal */
export function compact(cells: unknown[]): Cells {
  const numbers = new Float64Array(cells.length);
  for (let row = 0; row < cells.length; row++) {
    const value = cells[row];
    if (typeof value !== 'number') return cells;
    numbers[row] = value;
  }
  return numbers;
}
