import { Fault } from '../errors.js';
import { checkSparse } from './raw-frame.js';

/** The cells of one column of CSV. */
export interface CsvColumn {
  readonly rows: number;
  cell(row: number): string;
  /**
   * The value of a cell that is a short number; undefined for any other cell, which may also be a
   * number.
   */
  shortNumber(row: number): number | undefined;
}

/** CSV split into lines, which are read once the column names are known. */
export interface CsvTable {
  readonly header: readonly string[];
  /** @throws Fault */
  columns(names: readonly string[]): CsvColumn[];
}

const codeOf = (character: string): number => character.charCodeAt(0);
const [COMMA, RETURN, DOT, MINUS, ZERO, NINE] = [',', '\r', '.', '-', '0', '9'].map(codeOf) as [
  number,
  number,
  number,
  number,
  number,
  number,
];
/** With more digits, a double may hold neither all digits nor their power of ten. */
const MOST_DIGITS = 15;
const POWERS = Array.from({ length: MOST_DIGITS + 1 }, (_, power) => 10 ** power);
/** The number of lines between two checks whether somebody is still waiting. */
const LOOK = 8192;

/**
 * Splits CSV without quotes. Cells stay in the text until somebody reads them, because a string for
 * each would cost the most. Undefined for a text without lines.
 */
export function plainCsv(text: string, newline: string, wanted?: () => void): CsvTable | undefined {
  let header: string[] | undefined;
  let rows = 0;
  let given = 0;
  // All lines are counted before they are read, because a long header costs a cell in each.
  eachLine(text, newline, wanted, (start, end, cells) => {
    if (header === undefined) header = text.slice(start, end).split(',');
    else rows++;
    given += cells;
  });
  if (header === undefined) return undefined;
  return {
    header,
    columns(names) {
      checkSparse(rows, names.length, given);
      const columns = names.map(() => new PlainColumn(text, rows));
      let row = -1;
      eachLine(text, newline, wanted, (start, end, cells) => {
        if (row++ < 0) return;
        if (cells > names.length) throw tooManyFields(row - 1, cells, names.length);
        let at = start;
        for (let index = 0; index < cells - 1; index++) {
          const comma = commaAfter(text, at);
          columns[index]!.set(row - 1, at, comma);
          at = comma + 1;
        }
        const last = end > at && text.charCodeAt(end - 1) === RETURN ? end - 1 : end;
        columns[cells - 1]!.set(row - 1, at, last);
      });
      return columns;
    },
  };
}

export function tooManyFields(row: number, fields: number, names: number): Fault {
  return new Fault(
    `row ${row} (counted from 0) has ${fields} fields, but the header has ${names}`,
    'quote fields that contain a comma',
  );
}

/** The lines that are not blank, each with its number of cells. */
function eachLine(
  text: string,
  newline: string,
  wanted: (() => void) | undefined,
  visit: (start: number, end: number, cells: number) => void,
): void {
  const stop = codeOf(newline);
  let start = 0;
  let cells = 1;
  let lines = 0;
  for (let at = 0; at <= text.length; at++) {
    const code = at === text.length ? stop : text.charCodeAt(at);
    if (code === COMMA) cells++;
    if (code !== stop) continue;
    if (lines++ % LOOK === 0) wanted?.();
    if (cells > 1 || !isBlank(text, start, at)) visit(start, at, cells);
    start = at + 1;
    cells = 1;
  }
}

function isBlank(text: string, start: number, end: number): boolean {
  // Few lines begin with a space.
  return start === end || (text[start]!.trim() === '' && text.slice(start, end).trim() === '');
}

function commaAfter(text: string, start: number): number {
  let at = start;
  while (text.charCodeAt(at) !== COMMA) at++;
  return at;
}

class PlainColumn implements CsvColumn {
  readonly #starts: Uint32Array;
  readonly #ends: Uint32Array;

  constructor(
    private readonly text: string,
    readonly rows: number,
  ) {
    this.#starts = new Uint32Array(rows);
    this.#ends = new Uint32Array(rows);
  }

  set(row: number, start: number, end: number): void {
    this.#starts[row] = start;
    this.#ends[row] = end;
  }

  cell(row: number): string {
    return this.text.slice(this.#starts[row], this.#ends[row]);
  }

  /**
   * Digits with a decimal point among or after them: both parts are exact, so the division is too.
   */
  shortNumber(row: number): number | undefined {
    const { text } = this;
    const end = this.#ends[row]!;
    let at = this.#starts[row]!;
    const negative = text.charCodeAt(at) === MINUS;
    if (negative) at++;
    const first = at;
    let value = 0;
    let point = -1;
    for (; at < end; at++) {
      const code = text.charCodeAt(at);
      if (code >= ZERO && code <= NINE) value = value * 10 + (code - ZERO);
      else if (code === DOT && point < 0 && at > first) point = at;
      else return undefined;
    }
    const digits = end - first - (point < 0 ? 0 : 1);
    if (digits < 1 || digits > MOST_DIGITS) return undefined;
    if (point >= 0) value /= POWERS[end - point - 1]!;
    return negative ? -value : value;
  }
}
