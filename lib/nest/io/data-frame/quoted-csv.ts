import Papa from 'papaparse';
import { Fault } from '../errors.js';
import { tooManyFields, type CsvColumn, type CsvTable } from './plain-csv.js';
import { checkSparse } from './raw-frame.js';

/** Splits CSV with quoted cells. Undefined for a text without lines. @throws Fault */
export function quotedCsv(
  text: string,
  newline: '\n' | '\r',
  wanted?: () => void,
): CsvTable | undefined {
  const { data, errors } = Papa.parse<string[]>(text, { delimiter: ',', newline });
  const [error] = errors.filter(({ type }) => type === 'Quotes');
  if (error) throw quoteFault(error.code, Math.max(0, (error.row ?? 1) - 1));
  wanted?.();
  const lines = data.filter((line) => !isBlank(line));
  const [header, ...rows] = lines;
  return header && { header, columns: (names) => columnsOf(names, rows) };
}

function columnsOf(names: readonly string[], rows: readonly (readonly string[])[]): CsvColumn[] {
  const given = rows.reduce((sum, cells) => sum + cells.length, names.length);
  checkSparse(rows.length, names.length, given);
  const columns = names.map(() => rows.map(() => ''));
  rows.forEach((cells, row) => {
    if (cells.length > names.length) throw tooManyFields(row, cells.length, names.length);
    for (let index = 0; index < cells.length; index++) columns[index]![row] = cells[index]!;
    const last = cells.length - 1;
    const end = cells[last];
    if (end?.endsWith('\r')) columns[last]![row] = end.slice(0, -1);
  });
  return columns.map((cells) => ({
    rows: rows.length,
    cell: (row) => cells[row]!,
    shortNumber: () => undefined,
  }));
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
  return new Fault(fact, 'double each quote inside a quoted field');
}
