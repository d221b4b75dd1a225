import type { OptionCheck } from '../array-options.js';
import { decodeBody, parseJson } from '../body-text.js';
import { Fault } from '../fault.js';
import type { RequestBody } from '../request-body.js';
import { checkSparse, compact, nulls, type Cells, type RawFrame } from './raw-frame.js';

/** pandas' layouts of a data frame in JSON. @publicApi */
export type PandasOrient = 'records' | 'columns' | 'index' | 'split' | 'values' | 'table';

const ORIENTS: readonly PandasOrient[] = [
  'records',
  'columns',
  'index',
  'split',
  'values',
  'table',
];

export function checkOrient(orient: string = 'records'): OptionCheck {
  const known = (ORIENTS as readonly string[]).includes(orient);
  return [!known, `"${orient}" is no orient`, `use one of ${ORIENTS.join(', ')}`];
}

/**
 * The body as JSON; also what a body parser has made of it. With `wide`, integers that a double
 * cannot hold come as bigints.
 *
 * @throws Fault
 */
export function parseJsonBody(body: RequestBody, wide: boolean): unknown {
  if (body.bytes === undefined && typeof body.parsed !== 'string') return body.parsed;
  return parseJson(decodeBody(body), { wide });
}

type JsonObject = Readonly<Record<string, unknown>>;

/**
 * Reads parsed JSON as `pd.read_json(orient=...)` does; the index is not kept.
 *
 * @throws Fault
 */
export function readOrient(value: unknown, orient: PandasOrient): RawFrame {
  switch (orient) {
    case 'records':
      return fromRecords(listOf(value, 'the body', '[{"column": value}, …]'));
    case 'index': {
      const rows = objectOf(value, 'the body', '{"0": {"column": value}, …}');
      return fromRecords(Object.values(rows));
    }
    case 'columns':
      return fromColumns(objectOf(value, 'the body', '{"column": {"0": value}, …}'));
    case 'values':
      return fromMatrix(listOf(value, 'the body', '[[value, …], …]'), undefined);
    case 'split': {
      const { columns, data } = objectOf(value, 'the body', '{"columns": […], "data": [[…], …]}');
      const rows = listOf(data, '"data"', '[[value, …], …]');
      return fromMatrix(rows, listOf(columns, '"columns"', 'a list of names').map(String));
    }
    case 'table': {
      const { schema, data } = objectOf(value, 'the body', '{"schema": {…}, "data": [{…}, …]}');
      return withoutIndex(fromRecords(listOf(data, '"data"', '[{"column": value}, …]')), schema);
    }
  }
}

function fromRecords(records: readonly unknown[]): RawFrame {
  const columns = new Map<string, unknown[]>();
  let given = 0;
  records.forEach((record, row) => {
    if (!isObject(record)) {
      throw new Fault(
        `row ${row} (counted from 0) is ${kindOf(record)}`,
        'send an object for each row, as {"column": value}',
      );
    }
    for (const name of Object.keys(record)) {
      given++;
      if (!columns.has(name)) columns.set(name, []);
    }
  });
  checkSparse(records.length, columns.size, given);
  // Rows that lack a column: pandas fills in missing values.
  for (const name of columns.keys()) columns.set(name, nulls(records.length));
  (records as readonly JsonObject[]).forEach((record, row) => {
    for (const name of Object.keys(record)) columns.get(name)![row] = record[name];
  });
  return finish(records.length, columns);
}

function fromColumns(given: JsonObject): RawFrame {
  const rows = new Map<string, number>();
  const columns = new Map<string, unknown[]>();
  const sparse: [string, unknown[]][] = [];
  let length: number | undefined;
  for (const name of Object.keys(given)) {
    const column = given[name];
    // Lists are what DataFrame.to_dict('list') writes, and pandas reads them too.
    if (Array.isArray(column) && column.length !== (length ??= column.length)) {
      throw new Fault(
        `the column "${name}" has ${column.length} values where ${length} belong`,
        'send lists of one length',
      );
    }
    const cells = Array.isArray(column)
      ? { ...(column as object) } as JsonObject
      : objectOf(column, `the column "${name}"`, 'an object, as {"0": value}');
    const values: unknown[] = [];
    for (const label of Object.keys(cells)) {
      let row = rows.get(label);
      if (row === undefined) rows.set(label, (row = rows.size));
      values[row] = cells[label];
    }
    sparse.push([name, values]);
  }
  checkSparse(
    rows.size,
    sparse.length,
    sparse.reduce((sum, [, values]) => sum + Object.keys(values).length, 0),
  );
  for (const [name, values] of sparse) {
    columns.set(
      name,
      Array.from({ length: rows.size }, (_, row) => values[row] ?? null),
    );
  }
  return finish(rows.size, columns);
}

function fromMatrix(data: readonly unknown[], given: readonly string[] | undefined): RawFrame {
  const width = given?.length ?? (Array.isArray(data[0]) ? data[0].length : 0);
  const names = given ?? Array.from({ length: width }, (_, index) => String(index));
  const columns = new Map<string, unknown[]>();
  for (const name of names) {
    if (columns.has(name)) {
      throw new Fault(`two columns are called "${name}"`, 'give each column a name of its own');
    }
    columns.set(name, nulls(data.length));
  }
  const all = [...columns.values()];
  data.forEach((cells, row) => {
    if (!Array.isArray(cells) || cells.length !== width) {
      const found = Array.isArray(cells) ? `has ${cells.length} values` : `is ${kindOf(cells)}`;
      throw new Fault(
        `row ${row} (counted from 0) ${found} where ${width} belong`,
        'send a list of that length for each row',
      );
    }
    all.forEach((column, index) => (column[row] = cells[index] as unknown));
  });
  return finish(data.length, columns);
}

/** The columns that the schema names as the index are no data. */
function withoutIndex(frame: RawFrame, schema: unknown): RawFrame {
  const key = isObject(schema) ? schema['primaryKey'] : undefined;
  for (const name of Array.isArray(key) ? key : [key ?? 'index'])
    frame.columns.delete(String(name));
  return frame;
}

function finish(rows: number, columns: ReadonlyMap<string, unknown[]>): RawFrame {
  return { rows, columns: new Map([...columns].map(([name, cells]) => [name, compact(cells)])) };
}

/** Writes a frame as `DataFrame.to_json(orient=...)` does, with the index 0, 1, 2… */
export function writeOrient({ rows, columns }: RawFrame, orient: PandasOrient): string {
  const names = [...columns.keys()];
  const quoted = names.map((name) => JSON.stringify(name));
  const all = [...columns.values()].map(jsonCells);
  const record = (row: number): string =>
    `{${all.map((cells, index) => `${quoted[index]}:${cells(row)}`).join(',')}}`;
  const list = (row: number): string => `[${all.map((cells) => cells(row)).join(',')}]`;
  const every = (write: (row: number) => string): string =>
    Array.from({ length: rows }, (_, row) => write(row)).join(',');
  switch (orient) {
    case 'records':
      return `[${every(record)}]`;
    case 'index':
      return `{${every((row) => `"${row}":${record(row)}`)}}`;
    case 'columns':
      return `{${all.map((cells, index) => `${quoted[index]}:{${every((row) => `"${row}":${cells(row)}`)}}`).join(',')}}`;
    case 'values':
      return `[${every(list)}]`;
    case 'split':
      return `{"columns":[${quoted.join(',')}],"index":[${every(String)}],"data":[${every(list)}]}`;
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
      return `{"schema":${JSON.stringify(schema)},"data":[${every(entry)}]}`;
    }
  }
}

/** NaN and the infinities, which JSON does not have, become null, as in pandas. */
export function jsonCells(cells: Cells): (row: number) => string {
  return (row) => {
    const value = cells[row];
    if (typeof value === 'number') return Number.isFinite(value) ? String(value) : 'null';
    if (typeof value === 'bigint') return String(value);
    return JSON.stringify(value) ?? 'null';
  };
}

function tableType(cells: Cells): string {
  let type: string | undefined;
  for (let row = 0; row < cells.length; row++) {
    const value = cells[row];
    if (value === null || value === undefined) continue;
    const found =
      typeof value === 'number'
        ? Number.isInteger(value)
          ? 'integer'
          : 'number'
        : typeof value === 'boolean'
          ? 'boolean'
          : value instanceof Date
            ? 'datetime'
            : 'string';
    if (type === undefined || type === found) type = found;
    else if (type === 'integer' && found === 'number') type = 'number';
    else if (!(type === 'number' && found === 'integer')) return 'string';
  }
  return type ?? 'string';
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
