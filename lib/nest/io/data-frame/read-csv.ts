import Papa from 'papaparse';
import { MISSING_TEXTS } from './missing-texts.js';
import { Fault } from '../errors.js';
import { checkSparse, compact, nulls, type Cells, type RawFrame } from './raw-frame.js';

// Digits can be matched in one way only: with more, a long cell that is no number would take
// minutes to refuse.
const NUMBER = /^\s*[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?\s*$/;
const WIDE_INTEGER = /^\s*-?\d{16,}\s*$/;
const INFINITE = /^([+-]?)inf(?:inity)?$/i;
const TRUE = new Set(['True', 'TRUE', 'true']);
const FALSE = new Set(['False', 'FALSE', 'false']);

/**
 * Reads CSV as `pd.read_csv` does: the first line names the columns, blank lines are skipped,
 * missing values fill short rows, and a column of only numbers or booleans holds those. Columns
 * named in `texts` stay texts. Wide columns hold bigints where a double would lose digits.
 *
 * @throws Fault
 */
export function readCsv(
  text: string,
  texts: ReadonlySet<string> = new Set(),
  isWide: (name: string, index: number) => boolean = () => false,
): RawFrame {
  const { data, errors } = Papa.parse<string[]>(text.replace(/^\uFEFF/, ''), {
    delimiter: ',',
    newline: newlineOf(text),
  });
  const [error] = errors.filter(({ type }) => type === 'Quotes');
  if (error) throw quoteFault(error.code, Math.max(0, (error.row ?? 1) - 1));
  const lines = data.filter((line) => !isBlank(line));
  const [header, ...rows] = lines;
  if (!header) throw new Fault('the CSV is empty', 'send a line with the names of the columns');
  return columnsOf(namesOf(header), rows, texts, isWide);
}

function columnsOf(
  names: readonly string[],
  rows: readonly (readonly string[])[],
  texts: ReadonlySet<string>,
  isWide: (name: string, index: number) => boolean,
): RawFrame {
  checkSparse(
    rows.length,
    names.length,
    rows.reduce((sum, cells) => sum + cells.length, names.length),
  );
  const columns = names.map(() => rows.map(() => ''));
  rows.forEach((cells, row) => {
    if (cells.length > names.length) {
      throw new Fault(
        `row ${row} (counted from 0) has ${cells.length} fields, and the header has ${names.length}`,
        'quote fields that have a comma in them',
      );
    }
    for (let index = 0; index < cells.length; index++) columns[index]![row] = cells[index]!;
    const last = cells.length - 1;
    const end = cells[last];
    if (end?.endsWith('\r')) columns[last]![row] = end.slice(0, -1);
  });
  return {
    rows: rows.length,
    columns: new Map(
      names.map((name, index) => {
        const kind = texts.has(name) ? 'text' : isWide(name, index) ? 'wide' : 'any';
        return [name, typed(columns[index]!, kind)] as const;
      }),
    ),
  };
}

/** Names as pandas makes them unique: a, a.1, Unnamed: 2. */
function namesOf(header: readonly string[]): string[] {
  const taken = new Set<string>();
  const counts = new Map<string, number>();
  return header.map((cell, index) => {
    const given = cell.replace(/\r$/, '') || `Unnamed: ${index}`;
    let name = given;
    // On from the last one: a header of one name over and over is counted once, not once for each.
    let count = counts.get(given) ?? 1;
    while (taken.has(name)) name = `${given}.${count++}`;
    counts.set(given, count);
    taken.add(name);
    return name;
  });
}

function isBlank(line: readonly string[]): boolean {
  return line.length === 1 && line[0]!.trim() === '';
}

function quoteFault(code: string, line: number): Fault {
  const row = `row ${line} (counted from 0)`;
  const fact =
    code === 'MissingQuotes'
      ? `a quoted field that begins at ${row} has no end`
      : `${row} has text after a closing quote`;
  return new Fault(fact, 'write a quote within a quoted field twice');
}

/** One newline for all lines; a carriage return that is left at a line's end is dropped later. */
function newlineOf(text: string): '\n' | '\r' {
  return text.includes('\n') || !text.includes('\r') ? '\n' : '\r';
}

function typed(cells: string[], kind: 'text' | 'wide' | 'any'): Cells {
  const numbers = (cell: string): unknown => numberOf(cell, kind === 'wide');
  const booleans = (cell: string): unknown =>
    TRUE.has(cell) || (FALSE.has(cell) ? false : undefined);
  const types = kind === 'text' ? [] : [numbers, booleans];
  for (const read of types) {
    const found = readAll(cells, read);
    if (found) return compact(found);
  }
  return cells.map((cell) => (MISSING_TEXTS.has(cell) ? null : cell));
}

/** Undefined where a cell is neither of the type nor missing. */
function readAll(cells: readonly string[], read: (cell: string) => unknown): unknown[] | undefined {
  const out = nulls(cells.length);
  for (let row = 0; row < cells.length; row++) {
    const value = read(cells[row]!) ?? (MISSING_TEXTS.has(cells[row]!) ? null : undefined);
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
