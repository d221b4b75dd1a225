import type { IoSchema } from '../io-descriptor.js';
import { eachPiece, enclosed } from '../pieces.js';
import { jsonCells, listOf, objectOf, type PandasOrient } from './orients.js';
import type { Cells } from './raw-frame.js';

/** The text of a cell. */
type Cell = (row: number) => string;

/** The JSON layout of a series. A written index is 0, 1, 2…; an index that is read is dropped. */
interface Layout {
  read(value: unknown): readonly unknown[];
  write(every: (write: Cell) => Iterable<string>, cell: Cell): Iterable<string>;
  schema(value: IoSchema): IoSchema;
}

const asList: Layout = {
  read: (value) => listOf(value, 'the body', '[value, …]'),
  write: (every, cell) => enclosed('[', every(cell), ']'),
  schema: (items) => ({ type: 'array', items }),
};

const asObject: Layout = {
  read: (value) => Object.values(objectOf(value, 'the body', '{"0": value, …}')),
  write: (every, cell) =>
    enclosed(
      '{',
      every((row) => `"${row}":${cell(row)}`),
      '}',
    ),
  schema: (value) => ({ type: 'object', additionalProperties: value }),
};

const asSplit: Layout = {
  read(value) {
    const { data } = objectOf(value, 'the body', '{"data": [value, …]}');
    return listOf(data, '"data"', 'a list');
  },
  *write(every, cell) {
    yield* enclosed('{"name":null,"index":[', every(String), '],');
    yield* enclosed('"data":[', every(cell), ']}');
  },
  schema: (items) => ({
    type: 'object',
    properties: { data: { type: 'array', items } },
    required: ['data'],
  }),
};

const TABLE_SCHEMA =
  '{"fields":[{"name":"index","type":"integer"},{"name":"values"}],"primaryKey":["index"],"pandas_version":"1.4.0"}';

const asTable: Layout = {
  read(value) {
    const { data } = objectOf(value, 'the body', '{"data": [{"values": value}, …]}');
    return listOf(data, '"data"', 'a list').map((row, index) => {
      const cells = objectOf(row, `row ${index} (counted from 0)`, '{"values": value}');
      const entry = Object.entries(cells).find(([name]) => name !== 'index');
      return entry?.[1] ?? null;
    });
  },
  write(every, cell) {
    const data = every((row) => `{"index":${row},"values":${cell(row)}}`);
    return enclosed(`{"schema":${TABLE_SCHEMA},"data":[`, data, ']}');
  },
  schema: (values) => ({
    type: 'object',
    properties: {
      schema: { type: 'object' },
      data: { type: 'array', items: { type: 'object', properties: { values } } },
    },
    required: ['data'],
  }),
};

const LAYOUTS: Readonly<Record<PandasOrient, Layout>> = {
  records: asList,
  values: asList,
  index: asObject,
  columns: asObject,
  split: asSplit,
  table: asTable,
};

/** Reads parsed JSON as `pd.read_json(typ='series', orient=...)` does. @throws Fault */
export function readSeries(value: unknown, orient: PandasOrient): unknown[] {
  return [...LAYOUTS[orient].read(value)];
}

export function writeSeries(values: Cells, orient: PandasOrient): string {
  return [...seriesPieces(values, orient)].join('');
}

/** The same in pieces, from a copy, because the data must not change meanwhile. */
export function* seriesPieces(
  values: Cells,
  orient: PandasOrient,
): Generator<string, void, undefined> {
  const every = (write: Cell): Iterable<string> => eachPiece(values.length, write);
  yield* LAYOUTS[orient].write(every, jsonCells(values.slice()));
}

export function seriesSchema(orient: PandasOrient, value: IoSchema): IoSchema {
  return LAYOUTS[orient].schema(value);
}
