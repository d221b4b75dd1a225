import type { TabularColumn, TabularSchema } from '../../../learner/fastai/contract.js';
import type { IoSchema } from '../io-descriptor.js';
import { unionOf } from '../json/sample-schema.js';
import { dtypeOf, dtypeSchema, type ColumnDtypes } from './dtypes.js';
import type { PandasOrient } from './orients.js';
import type { Cells, RawFrame } from './raw-frame.js';

/** How many rows a frame must have, as far as that is known. */
type RowCount = Pick<IoSchema, 'minItems' | 'maxItems'>;

/** The OpenAPI schema of a frame, with the columns that the options name. */
export function frameSchema(
  columns: readonly string[] | undefined,
  dtype: ColumnDtypes | undefined,
  orient: PandasOrient,
  sample: RawFrame | undefined,
  rows: RowCount = {},
): IoSchema {
  const typed = typeof dtype === 'object' ? Object.keys(dtype) : [];
  const names = columns ?? (sample ? [...sample.columns.keys()] : typed);
  const cells = (name: string): IoSchema => {
    const type = dtypeOf(dtype, name);
    if (type) return dtypeSchema(type);
    const values = sample?.columns.get(name);
    return values ? sampleSchema(values) : {};
  };
  return layout(
    names.map((name) => [name, cells(name)] as const),
    orient,
    rows,
  );
}

/** The schema of the rows that a learner predicts from; it needs at least one. */
export function learnerSchema(
  { columns }: TabularSchema,
  orient: PandasOrient,
  rows: RowCount = {},
): IoSchema {
  return layout(
    columns.map((column) => [column.name, columnSchema(column)] as const),
    orient,
    { minItems: 1, ...rows },
  );
}

/** One row that a learner takes. */
export function learnerExample({ columns }: TabularSchema): RawFrame {
  return { rows: 1, columns: new Map(columns.map(({ name, example }) => [name, [example]])) };
}

function columnSchema({ kind, categories = [], nullable }: TabularColumn): IoSchema {
  const optional = nullable ? { nullable: true } : {};
  if (kind === 'number') return { type: 'number', ...optional };
  // A long list would not improve the document.
  const known =
    categories.length <= 200 && categories.length > 0
      ? `Known categories: ${categories.map(String).join(', ')}.`
      : `One of ${categories.length} known categories.`;
  return {
    ...typeOf(categories),
    ...optional,
    description: `${known} Other values count as missing.`,
  };
}

function sampleSchema(cells: Cells): IoSchema {
  const present = Array.from<unknown>(cells).filter(
    (value) => value !== null && value !== undefined,
  );
  return { ...typeOf(present), ...(present.length < cells.length ? { nullable: true } : {}) };
}

/** The type that all values have; empty if they have no common type. */
function typeOf(values: readonly unknown[]): IoSchema {
  const [type, ...others] = new Set(values.map((value) => typeof value));
  if (others.length > 0) return {};
  return type === 'number' || type === 'string' || type === 'boolean' ? { type } : {};
}

function layout(
  columns: readonly (readonly [string, IoSchema])[],
  orient: PandasOrient,
  rows: RowCount,
): IoSchema {
  const object = (cell: (schema: IoSchema) => IoSchema): IoSchema => ({
    type: 'object',
    ...(columns.length > 0
      ? {
          properties: Object.fromEntries(columns.map(([name, schema]) => [name, cell(schema)])),
          required: columns.map(([name]) => name),
        }
      : {}),
  });
  const row = object((schema) => schema);
  const list: IoSchema = {
    type: 'array',
    items: unionOf(columns.map(([, schema]) => schema)),
    ...(columns.length > 0 ? { minItems: columns.length, maxItems: columns.length } : {}),
  };
  switch (orient) {
    case 'records':
      return { type: 'array', items: row, ...rows };
    case 'index':
      return { type: 'object', additionalProperties: row };
    case 'columns':
      return object((schema) => ({ type: 'object', additionalProperties: schema }));
    case 'values':
      return { type: 'array', items: list, ...rows };
    case 'split':
      return {
        type: 'object',
        properties: {
          columns: { type: 'array', items: { type: 'string' } },
          index: { type: 'array', items: { oneOf: [{ type: 'number' }, { type: 'string' }] } },
          data: { type: 'array', items: list, ...rows },
        },
        required: ['columns', 'data'],
      };
    case 'table':
      return {
        type: 'object',
        properties: { schema: { type: 'object' }, data: { type: 'array', items: row, ...rows } },
        required: ['data'],
      };
  }
}
