import type { OptionCheck } from '../array-options.js';
import { decodeBody, parseJson } from '../body-text.js';
import { Fault } from '../errors.js';
import { eachPiece, enclosed } from '../pieces.js';
import type { RequestBody } from '../request-body.js';
import { checkSparse, compact, filled, nulls, type Cells, type RawFrame } from './raw-frame.js';

/** pandas' layouts of a data frame in JSON. @publicApi */
export type PandasOrient = 'records' | 'columns' | 'index' | 'split' | 'values' | 'table';

export function checkOrient(orient: string = 'records'): OptionCheck {
  const known = Object.keys(READERS).join(', ');
  return [!Object.hasOwn(READERS, orient), `"${orient}" is not an orient`, `use one of ${known}`];
}

/** Reads JSON. With `wide`, integers that a double cannot hold become bigints. @throws Fault */
export function parseJsonBody(body: RequestBody, wide: boolean): unknown {
  if (body.bytes === undefined && typeof body.parsed !== 'string') return body.parsed;
  return parseJson(decodeBody(body), { wide });
}

type JsonObject = Readonly<Record<string, unknown>>;

const READERS: Readonly<Record<PandasOrient, (value: unknown) => RawFrame>> = {
  records: (value) => fromRecords(listOf(value, 'the body', '[{"column": value}, …]')),
  columns: (value) => fromColumns(objectOf(value, 'the body', '{"column": {"0": value}, …}')),
  index(value) {
    const rows = objectOf(value, 'the body', '{"0": {"column": value}, …}');
    return fromRecords(Object.values(rows));
  },
  split(value) {
    const { columns, data } = objectOf(value, 'the body', '{"columns": […], "data": [[…], …]}');
    const rows = listOf(data, '"data"', '[[value, …], …]');
    return fromMatrix(rows, listOf(columns, '"columns"', 'a list of names').map(String));
  },
  values: (value) => fromMatrix(listOf(value, 'the body', '[[value, …], …]'), undefined),
  table(value) {
    const { schema, data } = objectOf(value, 'the body', '{"schema": {…}, "data": [{…}, …]}');
    return withoutIndex(fromRecords(listOf(data, '"data"', '[{"column": value}, …]')), schema);
  },
};

/** Reads parsed JSON as `pd.read_json(orient=...)` does; the index is not kept. @throws Fault */
export function readOrient(value: unknown, orient: PandasOrient): RawFrame {
  return READERS[orient](value);
}

function fromRecords(records: readonly unknown[]): RawFrame {
  return finish(records.length, ...columnsOf(records, 'send an object for each row'));
}

/** The columns with holes, which `checkSparse` precedes filling, and the number of cells. */
export function columnsOf(
  records: readonly unknown[],
  remedy: string,
): [columns: Map<string, unknown[]>, given: number] {
  const columns = new Map<string, unknown[]>();
  let given = 0;
  records.forEach((record, row) => {
    if (!isObject(record)) {
      throw new Fault(`row ${row} (counted from 0) is ${kindOf(record)}`, remedy);
    }
    for (const name of Object.keys(record)) {
      let cells = columns.get(name);
      if (!cells) columns.set(name, (cells = []));
      cells[row] = record[name];
      given++;
    }
  });
  return [columns, given];
}

function fromColumns(columns: JsonObject): RawFrame {
  const rows = new Map<string, number>();
  let length: number | undefined;
  let given = 0;
  const sparse = Object.keys(columns).map((name): [string, unknown[]] => {
    const column = columns[name];
    // DataFrame.to_dict('list') writes lists, which pandas also reads.
    if (Array.isArray(column) && column.length !== (length ??= column.length)) {
      throw new Fault(
        `the column "${name}" has ${column.length} values, but ${length} are expected`,
        'send lists of equal length',
      );
    }
    const cells = Array.isArray(column)
      ? ({ ...(column as object) } as JsonObject)
      : objectOf(column, `the column "${name}"`, 'an object such as {"0": value}');
    const values: unknown[] = [];
    for (const label of Object.keys(cells)) {
      let row = rows.get(label);
      if (row === undefined) rows.set(label, (row = rows.size));
      values[row] = cells[label];
      given++;
    }
    return [name, values];
  });
  return finish(rows.size, new Map(sparse), given);
}

function fromMatrix(data: readonly unknown[], given: readonly string[] | undefined): RawFrame {
  const width = given?.length ?? (Array.isArray(data[0]) ? data[0].length : 0);
  const names = given ?? Array.from({ length: width }, (_, index) => String(index));
  const columns = new Map<string, unknown[]>();
  for (const name of names) {
    if (columns.has(name)) {
      throw new Fault(`two columns are named "${name}"`, 'rename one');
    }
    columns.set(name, nulls(data.length));
  }
  const all = [...columns.values()];
  data.forEach((cells, row) => {
    if (!Array.isArray(cells) || cells.length !== width) {
      const found = Array.isArray(cells) ? `has ${cells.length} values` : `is ${kindOf(cells)}`;
      throw new Fault(
        `row ${row} (counted from 0) ${found} instead of a list of ${width}`,
        'send a list of that length for each row',
      );
    }
    all.forEach((column, index) => (column[row] = cells[index] as unknown));
  });
  return finish(data.length, columns, data.length * width);
}

/** The columns that the schema names as the index are not data. */
function withoutIndex(frame: RawFrame, schema: unknown): RawFrame {
  const key = isObject(schema) ? schema['primaryKey'] : undefined;
  for (const name of Array.isArray(key) ? key : [key ?? 'index'])
    frame.columns.delete(String(name));
  return frame;
}

/** @throws Fault if far more cells are missing than given. */
function finish(rows: number, columns: ReadonlyMap<string, unknown[]>, given: number): RawFrame {
  checkSparse(rows, columns.size, given);
  return {
    rows,
    columns: new Map([...columns].map(([name, cells]) => [name, compact(filled(cells, rows))])),
  };
}

/** Writes a frame as `DataFrame.to_json(orient=...)` does, with the index 0, 1, 2… */
export function writeOrient(frame: RawFrame, orient: PandasOrient): string {
  return [...orientPieces(frame, orient)].join('');
}

/** The same in pieces. */
export function* orientPieces(
  { rows, columns }: RawFrame,
  orient: PandasOrient,
): Generator<string, void, undefined> {
  const names = [...columns.keys()];
  const quoted = names.map((name) => JSON.stringify(name));
  const all = [...columns.values()].map(jsonCells);
  const record = (row: number): string =>
    `{${all.map((cells, index) => `${quoted[index]}:${cells(row)}`).join(',')}}`;
  const list = (row: number): string => `[${all.map((cells) => cells(row)).join(',')}]`;
  const every = (write: (row: number) => string) => eachPiece(rows, write);
  switch (orient) {
    case 'records':
      return yield* enclosed('[', every(record), ']');
    case 'index':
      return yield* enclosed(
        '{',
        every((row) => `"${row}":${record(row)}`),
        '}',
      );
    case 'columns':
      for (const [index, cells] of all.entries()) {
        const before = `${index === 0 ? '{' : ','}${quoted[index]}:{`;
        yield* enclosed(
          before,
          every((row) => `"${row}":${cells(row)}`),
          '}',
        );
      }
      return yield all.length === 0 ? '{}' : '}';
    case 'values':
      return yield* enclosed('[', every(list), ']');
    case 'split':
      yield* enclosed(`{"columns":[${quoted.join(',')}],"index":[`, every(String), '],');
      return yield* enclosed('"data":[', every(list), ']}');
    case 'table': {
      const fields = names.map((name) => ({ name, type: tableType(columns.get(name)!) }));
      const schema = {
        fields: [{ name: 'index', type: 'integer' }, ...fields],
        primaryKey: ['index'],
        pandas_version: '1.4.0',
      };
      const entry = (row: number): string => {
        const cells = all.map((write, index) => `${quoted[index]}:${write(row)}`);
        return `{${[`"index":${row}`, ...cells].join(',')}}`;
      };
      yield* enclosed(`{"schema":${JSON.stringify(schema)},"data":[`, every(entry), ']}');
    }
  }
}

/** NaN and the infinities, which JSON lacks, become null, as in pandas. */
export function jsonCells(cells: Cells): (row: number) => string {
  return (row) => {
    const value = cells[row];
    if (typeof value === 'number') return Number.isFinite(value) ? String(value) : 'null';
    if (typeof value === 'bigint') return String(value);
    return JSON.stringify(value) ?? 'null';
  };
}

function tableType(cells: Cells): string {
  let [whole, number, boolean, date, other] = [false, false, false, false, false];
  for (let row = 0; row < cells.length; row++) {
    const value = cells[row];
    if (typeof value === 'number') {
      if (Number.isInteger(value)) whole = true;
      else number = true;
    } else if (typeof value === 'boolean') boolean = true;
    else if (value instanceof Date) date = true;
    else if (value !== null && value !== undefined) other = true;
  }
  const kinds = [whole || number, boolean, date, other].filter(Boolean).length;
  if (kinds !== 1 || other) return 'string';
  return boolean ? 'boolean' : date ? 'datetime' : number ? 'number' : 'integer';
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function objectOf(value: unknown, what: string, shape: string): JsonObject {
  if (isObject(value)) return value;
  throw new Fault(`${what} is ${kindOf(value)}`, `send ${shape}`);
}

export function listOf(value: unknown, what: string, shape: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new Fault(`${what} is ${kindOf(value)}`, `send ${shape}`);
}

function kindOf(value: unknown): string {
  if (value === undefined) return 'missing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
