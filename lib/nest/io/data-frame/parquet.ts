import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { decompress as zstd } from 'fzstd';
import {
  parquetMetadataAsync,
  parquetRead,
  parquetSchema,
  snappyUncompress,
  type Compressors,
} from 'hyparquet';
import { parquetWriteBuffer, type BasicType } from 'hyparquet-writer';
import { Fault } from '../errors.js';
import { compact, nulls, type Cells, type RawFrame } from './raw-frame.js';

/**
 * A file of a few bytes can declare any number of rows, because a run of one value costs nothing.
 */
const MAX_CELLS = 32 * 1024 * 1024;
const MAX_PAGE_BYTES = 128 * 1024 * 1024;

/** Reads a file as `pd.read_parquet` does, without the columns of the index. @throws Fault */
export async function readParquet(bytes: Uint8Array, wanted?: () => void): Promise<RawFrame> {
  try {
    return await read(bytes, wanted);
  } catch (error) {
    if (error instanceof Fault) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new Fault(
      `the body is not a readable Parquet file (${reason})`,
      'write it with DataFrame.to_parquet()',
    );
  }
}

async function read(bytes: Uint8Array, wanted?: () => void): Promise<RawFrame> {
  // A copy, because a Buffer may be part of a larger one.
  const { buffer } = new Uint8Array(bytes);
  const file = {
    byteLength: buffer.byteLength,
    slice: (start: number, end?: number) => buffer.slice(start, end),
  };
  const metadata = await parquetMetadataAsync(file);
  const rows = Number(metadata.num_rows);
  const names = metadata.schema
    .slice(1)
    .filter(({ num_children: children }) => !children)
    .map(({ name }) => name);
  if (!Number.isSafeInteger(rows) || rows < 0 || rows * names.length > MAX_CELLS) {
    throw new Fault(
      `the Parquet file declares ${String(metadata.num_rows)} rows of ${names.length} columns`,
      `send at most ${MAX_CELLS} cells at a time`,
    );
  }
  const index = new Set(indexColumns(metadata.key_value_metadata));
  const columns = new Map<string, unknown[]>();
  for (const { element } of parquetSchema(metadata).children) {
    if (!index.has(element.name)) columns.set(element.name, nulls(rows));
  }
  if (rows > 0 && columns.size > 0) {
    await parquetRead({
      file,
      metadata,
      columns: [...columns.keys()],
      compressors,
      onChunk: ({ columnName, columnData, rowStart }) => {
        wanted?.();
        const cells = columns.get(columnName);
        if (!cells) return;
        for (let at = 0; at < columnData.length && rowStart + at < rows; at++) {
          cells[rowStart + at] = plain(columnData[at]);
        }
      },
    });
  }
  return { rows, columns: new Map([...columns].map(([name, cells]) => [name, compact(cells)])) };
}

/** 64-bit integers arrive as bigints. Those that a double can hold become numbers. */
export function plain(value: unknown): unknown {
  if (value === undefined) return null;
  if (typeof value !== 'bigint') return value;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/** pandas notes which columns were the index. */
function indexColumns(metadata: readonly { key: string; value?: string }[] = []): string[] {
  const note = metadata.find(({ key }) => key === 'pandas')?.value;
  if (note === undefined) return [];
  try {
    const { index_columns: columns } = JSON.parse(note) as { index_columns?: unknown };
    return Array.isArray(columns) ? columns.filter((name) => typeof name === 'string') : [];
  } catch {
    return [];
  }
}

export const compressors: Compressors = {
  SNAPPY: pages((input, length) => {
    const output = new Uint8Array(length);
    snappyUncompress(input, output);
    return output;
  }),
  GZIP: pages((input, maxOutputLength) => gunzipSync(input, { maxOutputLength })),
  BROTLI: pages((input, maxOutputLength) => brotliDecompressSync(input, { maxOutputLength })),
  ZSTD: pages((input, length) => zstd(input, new Uint8Array(length))),
};

type Decompress = (input: Uint8Array, length: number) => Uint8Array;

function pages(decompress: Decompress): Decompress {
  return (input, length) => {
    // A column with only missing values has empty pages, so nothing was compressed.
    if (length === 0) return new Uint8Array(0);
    if (length > MAX_PAGE_BYTES) throw new RangeError(`a page of ${length} bytes`);
    return decompress(input, length);
  };
}

/** Writes a Parquet file. Strings, numbers, booleans and dates keep their types. */
export function writeParquet({ columns }: RawFrame): Uint8Array {
  const columnData = [...columns].map(([name, cells]) => ({ name, ...written(cells) }));
  return new Uint8Array(parquetWriteBuffer({ columnData }));
}

function written(cells: Cells): { data: unknown[]; type: BasicType } {
  if (cells instanceof Float32Array) return { data: cells as never, type: 'FLOAT' };
  if (cells instanceof Float64Array) return { data: cells as never, type: 'DOUBLE' };
  if (!Array.isArray(cells)) return { data: [...cells], type: 'INT32' };
  const isMissing = (value: unknown): boolean => value === null || value === undefined;
  const present = cells.filter((value) => !isMissing(value));
  const all = (test: (value: unknown) => boolean): boolean => present.every(test);
  if (all((value) => typeof value === 'boolean')) return { data: cells, type: 'BOOLEAN' };
  if (all((value) => typeof value === 'number')) return { data: cells, type: 'DOUBLE' };
  if (all((value) => typeof value === 'bigint' || Number.isSafeInteger(value))) {
    // Not all fit in a double, so some arrived as bigints.
    const wide = cells.map((value) => (typeof value === 'number' ? BigInt(value) : value));
    return { data: wide, type: 'INT64' };
  }
  if (all((value) => value instanceof Date)) return { data: cells, type: 'TIMESTAMP' };
  const text = (value: unknown): string =>
    typeof value === 'object' ? JSON.stringify(value) : String(value);
  return { data: cells.map((value) => (isMissing(value) ? null : text(value))), type: 'STRING' };
}
