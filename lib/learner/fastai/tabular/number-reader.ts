import { cellsWith, refuseCell, type Column, type RowRange } from './table.js';

/**
 * Missing cells (null, undefined, NaN) become NaN. As in pandas, a boolean is 0 or 1, and a text is
 * not a number; numpy parses texts (`parseTexts`) if nothing is computed. The numbers go to `out`,
 * which is as long as the range; 0 for a row that is refused. @throws CellError
 */
export function readNumbers(
  name: string,
  column: Column,
  range: RowRange,
  parseTexts: boolean,
  out: Float64Array,
): void {
  const { start, end } = range;
  if (column instanceof Float64Array) return out.set(column.subarray(start, end));
  const repeated =
    'codes' in column ? cellsWith(column, (cell) => numberOf(cell, parseTexts)) : undefined;
  for (let row = start; row < end; row++) {
    const cell = repeated === undefined ? (column as ArrayLike<unknown>)[row] : undefined;
    // The most common kind of cell.
    if (typeof cell === 'number') {
      out[row - start] = cell;
      continue;
    }
    const number = repeated === undefined ? numberOf(cell, parseTexts) : repeated(row);
    if (number === undefined) {
      const remedy = 'send a number, or null for a missing value';
      refuseCell(name, row, range, column, 'a number', remedy);
    }
    out[row - start] = number ?? 0;
  }
}

function numberOf(value: unknown, parseTexts: boolean): number | undefined {
  switch (typeof value) {
    case 'number':
      return value;
    case 'boolean':
    case 'bigint':
      return Number(value);
    case 'undefined':
      return NaN;
    case 'string':
      return parseTexts ? parseFloat_(value) : undefined;
    default:
      return value === null ? NaN : undefined;
  }
}

/** Python's `float(text)`; undefined if it raises. */
export function parseFloat_(text: string): number | undefined {
  const trimmed = text.trim().replace(/(?<=\d)_(?=\d)/g, '');
  if (/^[+-]?(\d+(?:\.\d*)?|\.\d+)(e[+-]?\d+)?$/i.test(trimmed)) return Number(trimmed);
  const special = /^([+-]?)(inf|infinity|nan)$/i.exec(trimmed);
  if (!special) return undefined;
  if (special[2]!.toLowerCase() === 'nan') return NaN;
  return special[1] === '-' ? -Infinity : Infinity;
}
