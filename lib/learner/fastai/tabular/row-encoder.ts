import { MissingColumnError } from '../errors.js';
import { CategoryIndex, objectsIn } from './category-index.js';
import { readNumbers } from './number-reader.js';
import { isTableOfRows, RowReader } from './row-reader.js';
import {
  cellsWith,
  refuseCell,
  refuseRow,
  type Column,
  type RowRange,
  type Table,
} from './table.js';
import type { FillStep, NormalizeStep, TabularRecord } from './tabular-record.js';

/** Rows as the model takes them: codes and numbers, in row-major order. */
export interface EncodedRows {
  readonly rows: number;
  readonly codes: Int32Array;
  readonly numbers: Float32Array;
}

type ColumnOf = (name: string) => Column | undefined;

/** FillMissing, Categorify and Normalize, with what they learned in training. */
export class RowEncoder {
  readonly #indexes = new Map<string, CategoryIndex>();
  readonly #numeric: readonly (FillStep | NormalizeStep)[];
  /** Columns that FillMissing makes, by name: the column whose gaps they mark. */
  readonly #gapColumns = new Map<string, string>();
  /** Columns that rows must contain. */
  readonly #required: readonly string[];
  #numbers = new Float64Array(0);

  constructor(private readonly record: TabularRecord) {
    this.#numeric = record.steps.filter(
      (step) => step.kind === 'fill' || step.kind === 'normalize',
    );
    for (const step of record.steps) {
      if (step.kind === 'categorify') {
        for (const [name, classes] of step.classes) {
          this.#indexes.set(name, new CategoryIndex(classes));
        }
      } else if (step.kind === 'fill' && step.addColumns) {
        for (const name of step.values.keys()) this.#gapColumns.set(`${name}_na`, name);
      }
    }
    const given = record.categories.filter((name) => !this.#gapColumns.has(name));
    this.#required = [...given, ...record.numbers];
  }

  /** The classes of a categorical column; undefined if the learner has no Categorify for it. */
  index(name: string): CategoryIndex | undefined {
    return this.#indexes.get(name);
  }

  /** Whether FillMissing makes the column, so rows need not have it. */
  isMade(name: string): boolean {
    return this.#gapColumns.has(name);
  }

  /** The given number in the first row of a table; NaN if missing. */
  numberOf(name: string, table: Table): number {
    const value = new Float64Array(1);
    readNumbers(name, table.column(name) ?? [], { start: 0, end: 1 }, this.#parsesTexts, value);
    return value[0]!;
  }

  /**
   * The model's values for a missing number: the fill of FillMissing with the code of its `_na`
   * column, or else the mean of the training data. Undefined if the learner knows neither.
   */
  missing(name: string): { value: number; flag?: number } | undefined {
    const fills = this.#numeric.some((step) => step.kind === 'fill' && step.values.has(name));
    const means = this.#numeric.find((step) => step.kind === 'normalize')?.means;
    const start = fills ? NaN : means?.get(name);
    if (start === undefined) return undefined;
    const values = Float64Array.of(start);
    const gaps = new Map<string, Uint8Array>();
    for (const step of this.#numeric) {
      if (step.kind === 'normalize') normalize(values, meanAndStd(name, step));
      else if (fills) fill(name, values, step, { start: 0, end: 1 }, gaps);
    }
    const flagged = gaps.get(`${name}_na`);
    const flag = new Int32Array(1);
    if (flagged) writeFlags(flagged, this.#indexes.get(`${name}_na`), flag, 0, 1);
    return { value: values[0]!, ...(flagged && { flag: flag[0]! }) };
  }

  /**
   * Looks up each column once for all ranges.
   *
   * @param reuse Ranges of equal length share memory, because one ends before the next starts.
   * @throws MissingColumnError
   */
  open(table: Table, reuse = false): (range: RowRange) => EncodedRows {
    const missing = this.#required.filter((name) => !table.has(name));
    if (missing.length > 0) throw new MissingColumnError(missing, table.names);
    let last: EncodedRows | undefined;
    const room = (rows: number): EncodedRows => {
      if (last?.rows === rows) return last;
      const { categories, numbers } = this.record;
      const made = {
        rows,
        codes: new Int32Array(rows * categories.length),
        numbers: new Float32Array(rows * numbers.length),
      };
      if (reuse) last = made;
      return made;
    };
    if (isTableOfRows(table)) {
      const { categories, numbers } = this.record;
      const others = this.#required.slice(0, this.#required.length - numbers.length);
      const reader = new RowReader(table, numbers, others);
      const columnOf: ColumnOf = (name) => reader.column(name);
      // The whole column decides, not the rows that are encoded together.
      const objects = new Map(categories.map((name) => [name, objectsOf(table, name)]));
      return (range) => {
        const { start, end, first = start } = range;
        reader.read(range);
        const part = { ...range, start: 0, end: end - start, first };
        return this.#encode(columnOf, part, room(end - start), objects);
      };
    }
    const columns = new Map(this.#required.map((name) => [name, table.column(name)!]));
    const columnOf: ColumnOf = (name) => columns.get(name);
    return (range) => this.#encode(columnOf, range, room(range.end - range.start));
  }

  #encode(
    columnOf: ColumnOf,
    range: RowRange,
    out: EncodedRows,
    objects?: ReadonlyMap<string, () => boolean>,
  ): EncodedRows {
    const { codes } = out;
    const gaps = new Map<string, Uint8Array>();
    this.#writeNumbers(columnOf, range, gaps, out.numbers);
    const { categories } = this.record;
    const width = categories.length;
    categories.forEach((name, place) => {
      const made = gaps.get(name);
      const column = made || this.#gapColumns.has(name) ? undefined : columnOf(name);
      const index = this.#indexes.get(name);
      if (made) writeFlags(made, index, codes, place, width);
      else if (column && index) {
        writeCodes(name, column, index, range, codes, place, width, objects?.get(name));
      } else if (column) writeRawCodes(name, column, range, codes, place, width);
    });
    return out;
  }

  /** Fills gaps. @returns where they were, if a column marks them. */
  protected fillNumbers(
    name: string,
    values: Float64Array,
    step: FillStep,
    start: number,
  ): Uint8Array | undefined {
    const gaps = new Map<string, Uint8Array>();
    fill(name, values, step, { start, end: start + values.length }, gaps);
    return gaps.get(`${name}_na`);
  }

  /** The codes of cells; the first is that of row `first`. */
  protected codesOf(
    name: string,
    cells: ArrayLike<unknown>,
    index: CategoryIndex,
    first: number,
    out: Int32Array,
  ): void {
    writeCodes(name, cells, index, { start: 0, end: cells.length, first }, out, 0, 1);
  }

  /** Writes cells that are already codes, to rows from `row` on. */
  protected writeCodes(
    name: string,
    cells: ArrayLike<unknown>,
    first: number,
    codes: Int32Array,
    row: number,
    place: number,
  ): void {
    const width = this.record.categories.length;
    const range = { start: 0, end: cells.length, first };
    writeRawCodes(name, cells, range, codes, row * width + place, width);
  }

  get #parsesTexts(): boolean {
    return !this.#numeric.some(({ kind }) => kind === 'normalize');
  }

  #writeNumbers(
    columnOf: ColumnOf,
    range: RowRange,
    gaps: Map<string, Uint8Array>,
    out: Float32Array,
  ): void {
    const names = this.record.numbers;
    const width = names.length;
    const parseTexts = this.#parsesTexts;
    const last = this.#numeric.at(-1);
    const values = this.#room(range.end - range.start);
    names.forEach((name, place) => {
      readNumbers(name, columnOf(name)!, range, parseTexts, values);
      for (const step of this.#numeric) {
        if (step.kind === 'fill') fill(name, values, step, range, gaps);
        else if (step !== last) normalize(values, meanAndStd(name, step));
      }
      // This saves one pass over the values.
      const [mean, std] = last?.kind === 'normalize' ? meanAndStd(name, last) : [0, 1];
      writeNormalized(values, mean, std, out, place, width);
    });
  }

  /** Memory for the numbers of one column. */
  #room(rows: number): Float64Array {
    if (this.#numbers.length !== rows) this.#numbers = new Float64Array(rows);
    return this.#numbers;
  }
}

function fill(
  name: string,
  values: Float64Array,
  { values: replacements, addColumns }: FillStep,
  range: RowRange,
  gaps: Map<string, Uint8Array>,
): void {
  const replacement = replacements.get(name);
  const flags = addColumns && replacement !== undefined ? new Uint8Array(values.length) : undefined;
  for (let row = 0; row < values.length; row++) {
    const value = values[row]!;
    if (value === value) continue;
    if (replacement === undefined) {
      const fact = (): string => 'is empty, but that column had no empty cell in training';
      refuseRow(name, range.start + row, range, fact, 'send a number');
    }
    values[row] = replacement ?? 0;
    if (flags) flags[row] = 1;
  }
  if (flags) gaps.set(`${name}_na`, flags);
}

function meanAndStd(name: string, { means, stds }: NormalizeStep): [mean: number, std: number] {
  return [means.get(name) ?? NaN, stds.get(name) ?? NaN];
}

function writeNormalized(
  values: Float64Array,
  mean: number,
  std: number,
  out: Float32Array,
  place: number,
  width: number,
): void {
  for (let row = 0, at = place; row < values.length; row++, at += width) {
    out[at] = (values[row]! - mean) / std;
  }
}

function normalize(values: Float64Array, [mean, std]: readonly [number, number]): void {
  for (let row = 0; row < values.length; row++) values[row] = (values[row]! - mean) / std;
}

function objectsOf(table: Table, name: string): () => boolean {
  let asked: (() => boolean) | undefined;
  return () => (asked ??= objectsIn(table.column(name) ?? []))();
}

function writeFlags(
  flags: Uint8Array,
  index: CategoryIndex | undefined,
  codes: Int32Array,
  place: number,
  width: number,
): void {
  const [no, yes] = index ? [index.codeOf(false) ?? 0, index.codeOf(true) ?? 0] : [0, 1];
  for (let row = 0, at = place; row < flags.length; row++, at += width) {
    codes[at] = flags[row] ? yes : no;
  }
}

function writeCodes(
  name: string,
  column: Column,
  index: CategoryIndex,
  range: RowRange,
  codes: Int32Array,
  place: number,
  width: number,
  ofObjects?: () => boolean,
): void {
  const remedy = 'send a text, number or boolean, or null for a missing value';
  const refuse = (row: number): void => refuseCell(name, row, range, column, 'a category', remedy);
  index.encode(column, range, codes, place, width, refuse, ofObjects);
}

/** Without Categorify, the cells are the codes themselves. */
function writeRawCodes(
  name: string,
  column: Column,
  range: RowRange,
  codes: Int32Array,
  place: number,
  width: number,
): void {
  const codeAt = cellsWith(column, (value) =>
    typeof value === 'boolean' || typeof value === 'bigint' ? Number(value) : value,
  );
  for (let row = range.start, at = place; row < range.end; row++, at += width) {
    const code = codeAt(row);
    if (typeof code === 'number' && Math.abs(code) < 2 ** 31) codes[at] = Math.trunc(code);
    else {
      const remedy = 'send a whole number from the training data';
      refuseCell(name, row, range, column, 'a code', remedy);
      codes[at] = 0;
    }
  }
}
