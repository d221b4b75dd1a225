import { MISSING_TEXTS } from './missing-texts.js';
import { Fault } from '../errors.js';
import { plainCsv, type CsvColumn } from './plain-csv.js';
import { quotedCsv } from './quoted-csv.js';
import { compact, nulls, type Cells, type RawFrame } from './raw-frame.js';

// Digits must match in only one way: otherwise a long cell that is not a number would take minutes
// to refuse.
const NUMBER = /^\s*[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?\s*$/;
const WIDE_INTEGER = /^\s*-?\d{16,}\s*$/;
const INFINITE = /^([+-]?)inf(?:inity)?$/i;
const TRUE = new Set(['True', 'TRUE', 'true']);
const FALSE = new Set(['False', 'FALSE', 'false']);

/**
 * Reads CSV as `pd.read_csv` does: the first line names the columns, blank lines are skipped,
 * missing values fill short rows, and a column of only numbers or booleans has that type. Columns
 * named in `texts` stay strings. Wide columns hold bigints where a double would lose digits.
 *
 * @throws Fault
 */
export function readCsv(
  text: string,
  texts: ReadonlySet<string> = new Set(),
  isWide: (name: string, index: number) => boolean = () => false,
  wanted?: () => void,
): RawFrame {
  const given = text.replace(/^\uFEFF/, '');
  const split = given.includes('"') ? quotedCsv : plainCsv;
  const table = split(given, newlineOf(given), wanted);
  if (!table) throw new Fault('the CSV is empty', 'send a header line with the column names');
  const names = namesOf(table.header);
  const columns = table.columns(names).map((column, index): [string, Cells] => {
    wanted?.();
    const name = names[index]!;
    const kind = texts.has(name) ? 'text' : isWide(name, index) ? 'wide' : 'any';
    return [name, typed(column, kind)];
  });
  return { rows: columns[0]?.[1].length ?? 0, columns: new Map(columns) };
}

/** Makes names unique as pandas does: a, a.1, Unnamed: 2. */
function namesOf(header: readonly string[]): string[] {
  const taken = new Set<string>();
  const counts = new Map<string, number>();
  return header.map((cell, index) => {
    const given = cell.replace(/\r$/, '') || `Unnamed: ${index}`;
    let name = given;
    // Continues from the last number, so that a header that repeats one name takes linear time.
    let count = counts.get(given) ?? 1;
    while (taken.has(name)) name = `${given}.${count++}`;
    counts.set(given, count);
    taken.add(name);
    return name;
  });
}

/** One newline for all lines. A carriage return left at the end of a line is dropped later. */
function newlineOf(text: string): '\n' | '\r' {
  return text.includes('\n') || !text.includes('\r') ? '\n' : '\r';
}

function typed(column: CsvColumn, kind: 'text' | 'wide' | 'any'): Cells {
  const numbers = (row: number): unknown =>
    column.shortNumber(row) ?? numberOf(column.cell(row), kind === 'wide');
  const booleans = (row: number): unknown => {
    const cell = column.cell(row);
    return TRUE.has(cell) || (FALSE.has(cell) ? false : undefined);
  };
  const types = kind === 'text' ? [] : [numbers, booleans];
  for (const read of types) {
    const found = readAll(column, read);
    if (found) return compact(found);
  }
  const texts = nulls(column.rows);
  for (let row = 0; row < column.rows; row++) {
    const cell = column.cell(row);
    if (!MISSING_TEXTS.has(cell)) texts[row] = cell;
  }
  return texts;
}

/** Undefined if a cell is neither of the type nor missing. */
function readAll(column: CsvColumn, read: (row: number) => unknown): unknown[] | undefined {
  const out = nulls(column.rows);
  for (let row = 0; row < column.rows; row++) {
    const value = read(row) ?? (MISSING_TEXTS.has(column.cell(row)) ? null : undefined);
    if (value === undefined) return undefined;
    out[row] = value;
  }
  return out;
}

function numberOf(cell: string, wide: boolean): number | bigint | undefined {
  if (NUMBER.test(cell)) {
    const number = Number(cell);
    const exact = wide && !Number.isSafeInteger(number) && WIDE_INTEGER.test(cell);
    return exact ? BigInt(cell.trim()) : number;
  }
  const infinite = INFINITE.exec(cell);
  return infinite ? (infinite[1] === '-' ? -Infinity : Infinity) : undefined;
}
