import type { IoSchema } from '../io-descriptor.js';
import type { PandasOrient } from './orients.js';
import { FrameFault, type Cells } from './raw-frame.js';
import { jsonCells } from './orients.js';

/**
 * Reads parsed JSON as `pd.read_json(typ='series', orient=...)` does; the index is not kept.
 *
 * @throws FrameFault
 */
export function readSeries(value: unknown, orient: PandasOrient): unknown[] {
  switch (orient) {
    case 'records':
    case 'values':
      return list(value, 'the body', '[value, …]');
    case 'index':
    case 'columns':
      return Object.values(object(value, '{"0": value, …}'));
    case 'split':
      return list(object(value, '{"data": [value, …]}')['data'], '"data"', 'a list');
    case 'table': {
      const rows = list(
        object(value, '{"data": [{"values": value}, …]}')['data'],
        '"data"',
        'a list',
      );
      return rows.map((row, index) => {
        if (typeof row !== 'object' || row === null || Array.isArray(row)) {
          throw new FrameFault(
            `row ${index} (counted from 0) is no object`,
            'send {"values": value}',
          );
        }
        const entry = Object.entries(row).find(([name]) => name !== 'index');
        return (entry?.[1] as unknown) ?? null;
      });
    }
  }
}

export function writeSeries(values: Cells, orient: PandasOrient): string {
  const cell = jsonCells(values);
  const every = (write: (row: number) => string): string =>
    Array.from({ length: values.length }, (_, row) => write(row)).join(',');
  switch (orient) {
    case 'records':
    case 'values':
      return `[${every(cell)}]`;
    case 'index':
    case 'columns':
      return `{${every((row) => `"${row}":${cell(row)}`)}}`;
    case 'split':
      return `{"name":null,"index":[${every(String)}],"data":[${every(cell)}]}`;
    case 'table': {
      const schema =
        '{"fields":[{"name":"index","type":"integer"},{"name":"values"}],"primaryKey":["index"],"pandas_version":"1.4.0"}';
      return `{"schema":${schema},"data":[${every((row) => `{"index":${row},"values":${cell(row)}}`)}]}`;
    }
  }
}

export function seriesSchema(orient: PandasOrient, value: IoSchema): IoSchema {
  const data: IoSchema = { type: 'array', items: value };
  switch (orient) {
    case 'records':
    case 'values':
      return data;
    case 'index':
    case 'columns':
      return { type: 'object', additionalProperties: value };
    case 'split':
      return { type: 'object', properties: { data }, required: ['data'] };
    case 'table': {
      const row: IoSchema = { type: 'object', properties: { values: value } };
      return {
        type: 'object',
        properties: { schema: { type: 'object' }, data: { type: 'array', items: row } },
        required: ['data'],
      };
    }
  }
}

function list(value: unknown, what: string, shape: string): unknown[] {
  if (Array.isArray(value)) return value;
  throw new FrameFault(`${what} is no list`, `send ${shape}`);
}

function object(value: unknown, shape: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  throw new FrameFault('the body is no object', `send ${shape}`);
}
