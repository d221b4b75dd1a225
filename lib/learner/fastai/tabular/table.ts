import type { FrameLike, OnFault } from '../contract.js';
import { CellError, UnexpectedItemError } from '../errors.js';
import { cellsOf, isPackedFrame, unpackColumn, type PackedFrame } from './packed-frame.js';
import { readNumberProperties, readProperties, type PlainRow } from './read-properties.js';

/** Values of one column that repeat: `values[codes[row]]`. */
export interface DictionaryColumn {
  readonly codes: Int32Array;
  readonly values: readonly unknown[];
}

/** The cells of one column. */
export type Column = ArrayLike<unknown> | DictionaryColumn;

/** Named columns of equal length, from any source. */
export interface Table {
  readonly rows: number;
  readonly names: readonly string[];
  /** Whether any row has the column. */
  has(name: string): boolean;
  /** Undefined if no row has the column. Missing cells are null, undefined or NaN. */
  column(name: string): Column | undefined;
  /**
   * Writes the cells of some rows to `out`, an array per column, for tables that are not stored by
   * columns.
   */
  readCells?(names: readonly string[], range: RowRange, out: readonly unknown[][]): void;
  /**
   * Writes the numbers of some rows to `out`, with NaN for missing ones; only if `readCells` is
   * there too.
   *
   * @returns Whether each column has cells of other kinds: `readCells` reads it then.
   */
  readNumbers?(
    names: readonly string[],
    range: RowRange,
    out: readonly Float64Array[],
  ): readonly boolean[];
}

/** Rows from `start` up to but not including `end`. */
export interface RowRange {
  readonly start: number;
  readonly end: number;
  /** The number of the first row in messages. Default: `start`. */
  readonly first?: number;
  /** Told of rows that are refused, so that the others are encoded. Default: the error is thrown. */
  readonly onFault?: OnFault | undefined;
}

/** The result of `read` for a row's cell; `read` runs once for repeated values. */
export function cellsWith<T>(column: Column, read: (value: unknown) => T): (row: number) => T {
  if (!('codes' in column)) return (row) => read(column[row]);
  const values = column.values.map(read);
  return (row) => values[column.codes[row]!]!;
}

/** Refuses a row of a range. @throws CellError if nobody is told. */
export function refuseRow(
  name: string,
  row: number,
  { start, first = start, onFault }: RowRange,
  fact: () => string,
  remedy: string,
): void {
  const number = row - start + first;
  if (!onFault) throw new CellError(name, number, fact(), remedy);
  onFault(number, () => new CellError(name, 0, fact(), remedy));
}

/** Refuses a row whose cell has the wrong kind of value. @throws CellError if nobody is told. */
export function refuseCell(
  name: string,
  row: number,
  range: RowRange,
  column: Column,
  belongs: string,
  remedy: string,
): void {
  const cell = (): unknown => ('codes' in column ? column.values[column.codes[row]!] : column[row]);
  const fact = (): string => `contains ${describeCell(cell())}, not ${belongs}`;
  refuseRow(name, row, range, fact, remedy);
}

/** A value for a message: short, never the whole of a long text. */
function describeCell(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (typeof value === 'string') {
    return value.length > 40 ? `the text "${value.slice(0, 40)}…"` : `the text "${value}"`;
  }
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object') return value instanceof Date ? 'a date' : 'an object';
  return `the ${typeof value} ${String(value)}`;
}

export function isFrame(value: unknown): value is FrameLike {
  if (typeof value !== 'object' || value === null) return false;
  const frame = value as Partial<Record<keyof FrameLike, unknown>>;
  const methods = ['numRows', 'columnNames', 'column', 'array', 'isFiltered', 'isOrdered'] as const;
  return methods.every((method) => typeof frame[method] === 'function');
}

/** A row, or a frame of one. @throws UnexpectedItemError */
export function tableOfItem(item: unknown): Table {
  if (isFrame(item) || isPackedFrame(item)) {
    const table = tableOfFrame(item);
    if (table.rows === 1) return table;
    throw new UnexpectedItemError(
      `a data frame of ${table.rows} rows`,
      'a row object or a data frame of one row (getPreds takes any number)',
    );
  }
  return tableOfRows([item]);
}

/** An array of rows, or a frame. @throws UnexpectedItemError */
export function tableOfItems(items: unknown): Table {
  if (isFrame(items) || isPackedFrame(items)) return tableOfFrame(items);
  if (Array.isArray(items)) {
    if (items.length > 0) return tableOfRows(items);
    throw new UnexpectedItemError('an empty list', 'one row or more');
  }
  throw new UnexpectedItemError(describe(items), 'an array of row objects or a data frame');
}

function tableOfFrame(frame: FrameLike | PackedFrame): Table {
  if (isPackedFrame(frame)) {
    const { rows, columns } = frame;
    return {
      rows,
      names: [...columns.keys()],
      has: (name) => columns.has(name),
      column: (name) => {
        const packed = columns.get(name);
        return packed && unpackColumn(packed);
      },
    };
  }
  const names = frame.columnNames();
  const present = new Set(names);
  return {
    rows: frame.numRows(),
    names,
    has: (name) => present.has(name),
    column: (name) => (present.has(name) ? cellsOf(frame, name) : undefined),
  };
}

type Row = PlainRow | ReadonlyMap<string, unknown>;

function tableOfRows(rows: readonly unknown[]): Table {
  let maps = false;
  for (let index = 0; index < rows.length; index++) {
    const row = rows[index];
    if (isPlain(row)) continue;
    if (!isRow(row)) {
      const where = rows.length === 1 ? '' : ` as row ${index}`;
      const expected = 'a row object, as { column: value }';
      throw new UnexpectedItemError(`${describe(row)}${where}`, expected);
    }
    maps ||= row instanceof Map;
  }
  return new RowTable(rows as readonly Row[], maps);
}

/** Fewer rows are read one by one. */
const MANY_ROWS = 16;

class RowTable implements Table {
  constructor(
    private readonly items: readonly Row[],
    private readonly maps: boolean,
  ) {}

  get rows(): number {
    return this.items.length;
  }

  get names(): string[] {
    const names = new Set<string>();
    for (const row of this.items) {
      for (const name of row instanceof Map ? row.keys() : Object.keys(row)) names.add(name);
    }
    return [...names];
  }

  has(name: string): boolean {
    // Most rows with the key have a defined value, so the first check usually decides.
    const { items } = this;
    return (
      items.some((row) => this.#cell(row, name) !== undefined) ||
      items.some((row) => has(row, name))
    );
  }

  column(name: string): unknown[] | undefined {
    if (!this.has(name)) return undefined;
    const cells: unknown[] = [];
    this.readCells([name], { start: 0, end: this.rows }, [cells]);
    return cells;
  }

  readCells(names: readonly string[], { start, end }: RowRange, out: readonly unknown[][]): void {
    const { items } = this;
    if (this.#readsProperties(names, end - start)) {
      readProperties(items as readonly PlainRow[], names, start, end, out);
      return;
    }
    names.forEach((name, column) => {
      const cells = out[column]!;
      for (let row = start; row < end; row++) cells[row - start] = this.#cell(items[row]!, name);
    });
  }

  readNumbers(
    names: readonly string[],
    { start, end }: RowRange,
    out: readonly Float64Array[],
  ): readonly boolean[] {
    if (!this.#readsProperties(names, end - start)) return names.map(() => true);
    return readNumberProperties(this.items as readonly PlainRow[], names, start, end, out);
  }

  #readsProperties(names: readonly string[], rows: number): boolean {
    return rows >= MANY_ROWS && names.every((name) => this.#isOwn(name));
  }

  /** Inherited properties are not columns; testing each row for own properties is slow. */
  #isOwn(name: string): boolean {
    return !this.maps && !(name in Object.prototype);
  }

  #cell(row: Row, name: string): unknown {
    if (row instanceof Map) return row.get(name) as unknown;
    return this.#isOwn(name) || has(row, name) ? (row as PlainRow)[name] : undefined;
  }
}

function has(row: Row, name: string): boolean {
  return row instanceof Map ? row.has(name) : Object.hasOwn(row, name);
}

/** An object from a literal or JSON: certainly a row. */
function isPlain(value: unknown): boolean {
  return (
    typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
  );
}

function isRow(value: unknown): value is Row {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !ArrayBuffer.isView(value) &&
    !(value instanceof Date)
  );
}

function describe(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object of another kind' : `a ${typeof value}`;
}
