import { CellError, describeCell } from './errors.js';
import { isDictionary, type Column } from './table.js';
import type { RowRange } from './category-index.js';

/**
 * Reads the cells of a numeric column as float64; missing ones (null, undefined, NaN) become NaN.
 * As in pandas a boolean is 0 or 1, and a text is no number; only where nothing is computed from
 * the column (`parseTexts`) does numpy read texts, as Python's `float()` does.
 *
 * @throws CellError
 */
export function readNumbers(
  name: string,
  column: Column,
  { start, end }: RowRange,
  parseTexts: boolean,
): Float64Array {
  if (column instanceof Float64Array) return column.slice(start, end);
  const out = new Float64Array(end - start);
  if (isDictionary(column)) {
    const numbers = column.values.map((value) => numberOf(value, parseTexts));
    for (let row = start; row < end; row++) {
      const code = column.codes[row]!;
      const number = numbers[code];
      if (number === undefined) throw refusal(name, row, column.values[code]);
      out[row - start] = number;
    }
    return out;
  }
  for (let row = start; row < end; row++) {
    const value = column[row];
    if (typeof value === 'number') {
      out[row - start] = value;
      continue;
    }
    const number = numberOf(value, parseTexts);
    if (number === undefined) throw refusal(name, row, value);
    out[row - start] = number;
  }
  return out;
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

/** Python's `float(text)`; undefined where it raises. */
function parseFloat_(text: string): number | undefined {
  const trimmed = text.trim().replace(/(?<=\d)_(?=\d)/g, '');
  if (/^[+-]?(\d+(?:\.\d*)?|\.\d+)(e[+-]?\d+)?$/i.test(trimmed)) return Number(trimmed);
  const special = /^([+-]?)(inf|infinity|nan)$/i.exec(trimmed);
  if (!special) return undefined;
  if (special[2]!.toLowerCase() === 'nan') return NaN;
  return special[1] === '-' ? -Infinity : Infinity;
}

function refusal(name: string, row: number, value: unknown): CellError {
  return new CellError(
    name,
    row,
    `holds ${describeCell(value)} where a number belongs`,
    'send a number, or null where the value is missing',
  );
}
