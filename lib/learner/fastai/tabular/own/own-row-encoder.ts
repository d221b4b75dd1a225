import type { Program } from '../../../onnx/tracing/program.js';
import { Instance, List, type Value } from '../../../python/values.js';
import type { PyValue } from '../../../torch/index.js';
import { isFunction, isNameAlone, isOpaque, ownProgram } from '../../code/own-program.js';
import type { LearnerOptions } from '../../contract.js';
import { qualifiedName } from '../../data/pipeline.js';
import { UnsupportedLearnerError } from '../../errors.js';
import { readNumbers } from '../number-reader.js';
import { label } from '../row-decoder.js';
import { RowEncoder, type EncodedRows } from '../row-encoder.js';
import { cellsWith, type Column, type RowRange, type Table } from '../table.js';
import { unknownProc, type CodeStep, type TabularRecord } from '../tabular-record.js';
import type { ColumnType } from './column-value.js';
import { tabularNames } from './pandas-names.js';
import { RowsValue, type ColumnNames } from './rows-value.js';

/** Rows that share a budget: the code runs once for all of them. */
const ROWS_AT_ONCE = 1024;

/** @throws UnsupportedLearnerError if the file has only the name of a proc */
export async function openOwnRowEncoder(
  record: TabularRecord,
  options: LearnerOptions,
): Promise<RowEncoder> {
  const program = await ownProgram(options, tabularNames);
  const procs = new Map<CodeStep, Value>();
  for (const step of record.steps) {
    if (step.kind === 'code') procs.set(step, procOf(program, step.proc));
  }
  return new OwnRowEncoder(record, program, procs);
}

/** Checks that the code of a proc is available. @throws UnsupportedLearnerError */
export async function checkProc({ proc }: CodeStep, options: LearnerOptions): Promise<void> {
  procOf(await ownProgram(options, tabularNames), proc);
}

function procOf(program: Program, record: PyValue): Value {
  const { evaluator } = program;
  const value = program.value(record);
  if (!(value instanceof Instance || isFunction(value)) || isNameAlone(value))
    throw unknownProc(record);
  if (!(value instanceof Instance)) return value;
  if (value.cls.mro.some(isOpaque)) throw unknownProc(record);
  const encodes = evaluator.findAttr(value, 'encodes');
  // A Transform around a function with a known name but unknown code.
  if (encodes !== undefined && isOpaque(encodes)) throw unknownProc(record);
  const decodes = evaluator.findAttr(value, 'decodes');
  if (decodes !== undefined && decodes !== null) {
    throw new UnsupportedLearnerError(
      `The learner's "${qualifiedName(record)}" has its own decodes(), which changes the ` +
        'returned rows',
      'export the learner without it',
    );
  }
  return value;
}

/** Runs all procs of a file in order; some are code of the notebook. */
class OwnRowEncoder extends RowEncoder {
  readonly #normalizes: boolean;
  #made: ReadonlySet<string> | undefined;

  constructor(
    private readonly own: TabularRecord,
    private readonly program: Program,
    private readonly procs: ReadonlyMap<CodeStep, Value>,
  ) {
    super(own);
    this.#normalizes = own.steps.some(({ kind }) => kind === 'normalize');
  }

  /** This includes columns that the code writes before it reads them. */
  override isMade(name: string): boolean {
    return super.isMade(name) || (this.#made ??= this.#written()).has(name);
  }

  /**
   * The columns that the code does not read in a row of first classes, if the code accepts that
   * row.
   */
  #written(): ReadonlySet<string> {
    const names = [...this.own.categories, ...this.own.numbers];
    const unread = new Set(names);
    const example: Table = {
      rows: 1,
      names,
      has: (name) => names.includes(name),
      column: (name) => {
        unread.delete(name);
        if (!names.includes(name)) return undefined;
        return [label(this.index(name)?.classes[1] ?? 1)];
      },
    };
    try {
      this.open(example)({ start: 0, end: 1 });
      return unread;
    } catch {
      return new Set();
    }
  }

  /** The code's treatment of a missing number is unknown. */
  override missing(): undefined {
    return undefined;
  }

  override open(table: Table, reuse = false): (range: RowRange) => EncodedRows {
    const columns = new Map<string, Column | undefined>();
    const columnOf = (name: string): Column | undefined => {
      if (!columns.has(name)) columns.set(name, table.column(name));
      return columns.get(name);
    };
    const types = new Map<string, ColumnType>();
    const typeOf = (name: string): ColumnType => {
      // fastai's frame of one row stores objects; a frame of many rows has a dtype for each column.
      if (!reuse) return 'given';
      let type = types.get(name);
      if (!type) types.set(name, (type = typeOfCells(columnOf(name)!, table.rows)));
      return type;
    };
    return (range) => {
      const { categories, numbers } = this.own;
      const rows = range.end - range.start;
      const out: EncodedRows = {
        rows,
        codes: new Int32Array(rows * categories.length),
        numbers: new Float32Array(rows * numbers.length),
      };
      for (let start = range.start; start < range.end; start += ROWS_AT_ONCE) {
        const part = { start, end: Math.min(range.end, start + ROWS_AT_ONCE) };
        this.#encode(table, part, columnOf, typeOf, !reuse, out, start - range.start);
      }
      return out;
    };
  }

  #encode(
    table: Table,
    range: RowRange,
    columnOf: (name: string) => Column | undefined,
    typeOf: (name: string) => ColumnType,
    alone: boolean,
    out: EncodedRows,
    first: number,
  ): void {
    const { categories, numbers, targets, steps } = this.own;
    const rows = range.end - range.start;
    const names: ColumnNames = {
      cat_names: new List([...categories]),
      cont_names: new List([...numbers]),
      y_names: new List([...targets]),
    };
    const to = new RowsValue(
      {
        rows,
        alone,
        names: table.names,
        column(name) {
          const column = columnOf(name);
          if (!column) return undefined;
          const cellAt = cellsWith(column, (cell) => cell);
          return Array.from({ length: rows }, (_, row) => cellAt(range.start + row));
        },
        typeOf,
        whole: (name) => this.#whole(name),
      },
      names,
    );
    for (const step of steps) {
      if (step.kind === 'code') this.#run(step, to, names);
      else if (step.kind === 'fill') {
        this.#eachNumber(to, range, (name, values) => {
          const flags = this.fillNumbers(name, values, step, range.start);
          if (flags) to.put(`${name}_na`, Array.from(flags, Boolean), 'bool');
        });
      } else if (step.kind === 'normalize') {
        this.#eachNumber(to, range, (name, values) => {
          const [mean, std] = [step.means.get(name) ?? NaN, step.stds.get(name) ?? NaN];
          values.forEach((value, row) => (values[row] = (value - mean) / std));
        });
      } else if (step.kind === 'categorify') this.#categorify(to, range);
    }
    categories.forEach((name, place) => {
      this.writeCodes(name, to.cells(name), range.start, out.codes, first, place);
    });
    numbers.forEach((name, place) => {
      const values = this.#numbersOf(to, name, range);
      for (let row = 0; row < rows; row++) {
        out.numbers[(first + row) * numbers.length + place] = values[row]!;
      }
    });
  }

  #run(step: CodeStep, to: RowsValue, { cat_names, cont_names }: ColumnNames): void {
    const proc = this.procs.get(step)!;
    const { evaluator } = this.program;
    evaluator.renew();
    const counts = [cat_names.items.length, cont_names.items.length];
    // The `split_idx` of the pipeline of procs, which is neither training nor validation.
    const split = new Map<string, Value>([['split_idx', null]]);
    const made =
      proc instanceof Instance ? evaluator.call(proc, [to], split) : evaluator.call(proc, [to]);
    if (made !== to) {
      throw evaluator.unsupported('a proc that does not return the given rows');
    }
    if (counts[0] !== cat_names.items.length || counts[1] !== cont_names.items.length) {
      throw evaluator.unsupported('a proc that changes cat_names or cont_names in each call');
    }
  }

  #numbersOf(to: RowsValue, name: string, range: RowRange): Float64Array {
    const rows = range.end - range.start;
    const values = new Float64Array(rows);
    const part = { start: 0, end: rows, first: range.start };
    readNumbers(name, to.cells(name) as ArrayLike<unknown>, part, !this.#normalizes, values);
    return values;
  }

  #eachNumber(
    to: RowsValue,
    range: RowRange,
    change: (name: string, values: Float64Array) => void,
  ): void {
    for (const name of this.own.numbers) {
      const values = this.#numbersOf(to, name, range);
      change(name, values);
      to.put(name, [...values], 'float');
    }
  }

  #categorify(to: RowsValue, range: RowRange): void {
    for (const name of this.own.categories) {
      const index = this.index(name);
      if (!index) continue;
      const codes = new Int32Array(range.end - range.start);
      this.codesOf(name, to.cells(name), index, range.start, codes);
      to.put(name, [...codes], 'int');
      to.codes.add(name);
    }
  }

  /** Whether whole numbers of a column were ints in training, as their texts show. */
  #whole(name: string): boolean | undefined {
    const classes = this.index(name)?.classes.slice(1) ?? [];
    const are = (form: RegExp): boolean =>
      classes.some((one) => typeof one === 'string' && form.test(one));
    if (are(/^-?\d+\.0$/)) return false;
    return are(/^-?(0|[1-9]\d*)$/) ? true : undefined;
  }
}

function typeOfCells(column: Column, rows: number): ColumnType {
  const cellAt = cellsWith(column, (cell) => cell);
  let [fractions, missing] = [false, false];
  for (let row = 0; row < rows; row++) {
    const cell = cellAt(row);
    if (cell === null || cell === undefined || Number.isNaN(cell)) missing = true;
    else if (typeof cell !== 'number') return 'given';
    else if (!Number.isInteger(cell)) fractions = true;
  }
  return fractions || missing ? 'float' : 'number';
}
