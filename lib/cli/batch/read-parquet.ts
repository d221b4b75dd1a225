import {
  parquetMetadataAsync,
  parquetSchema,
  type FileMetaData,
  type RowGroup,
  type SchemaElement,
  type SchemaTree,
} from 'hyparquet';
import { packValues } from '../../learner/fastai/tabular/packed-frame.js';
import type { DictionaryColumn } from '../../learner/fastai/tabular/table.js';
import { compressors, plain } from '../../nest/io/data-frame/parquet.js';
import { CommandError, describeFailure } from '../errors.js';
import type { BatchColumn, Chunk, ReadOptions } from './chunk.js';
import { openBytes, type FileBytes } from './file-bytes.js';
import type { BatchFile } from './files.js';
import { ColumnPages, type PagePart } from './parquet-pages.js';

/** How many bytes are read ahead, of all columns together. */
const AHEAD_BYTES = 2 * 1024 * 1024;
const LEAST_BLOCK = 64 * 1024;
const MOST_BLOCK = 512 * 1024;
/** How many columns are read at a time, so that waits for a server overlap. */
const COLUMNS_AT_ONCE = 4;

/**
 * The rows of a Parquet file. Columns are read page by page, so that memory does not grow with row
 * groups, which can have any size.
 *
 * @param names The columns to read; undefined for all that are flat.
 */
export async function* readParquet(
  file: BatchFile,
  options: ReadOptions,
  names?: ReadonlySet<string>,
): AsyncGenerator<Chunk> {
  const source = await openBytes(file);
  try {
    const metadata = await metadataOf(file, source);
    const root = parquetSchema(metadata);
    const columns = flatColumns(root).filter(({ element }) => names?.has(element.name) ?? true);
    const total = Number(metadata.num_rows);
    let start = 0;
    for (const group of metadata.row_groups) {
      const rows = Number(group.num_rows);
      if (!Number.isSafeInteger(rows) || rows < 0) {
        unreadableParquet(file)(new RangeError(`a group of ${group.num_rows} rows`));
      }
      const pages = attempt(file, () => pagesOf(source, root, columns, group));
      // Chunks end with their row group, so that a finished group does not need decoding.
      for (let from = 0; from < rows; from += options.rows) {
        const count = Math.min(options.rows, rows - from);
        const isWanted = options.wanted();
        if (!isWanted) for (const each of pages.values()) each.skip(count);
        yield {
          file,
          first: start + from,
          rows: count,
          bytes: Math.round((file.size * (start + from + count)) / Math.max(1, total)),
          columns: isWanted ? await decode(pages, count).catch(unreadableParquet(file)) : undefined,
          faults: new Map(),
        };
      }
      start += rows;
    }
  } finally {
    await source.close();
  }
}

/** The flat columns of a Parquet file, from its schema. */
export async function parquetColumns(file: BatchFile): Promise<readonly SchemaElement[]> {
  const source = await openBytes(file);
  try {
    return flatColumns(parquetSchema(await metadataOf(file, source))).map(({ element }) => element);
  } finally {
    await source.close();
  }
}

async function metadataOf(file: BatchFile, source: FileBytes): Promise<FileMetaData> {
  return parquetMetadataAsync(source).catch(unreadableParquet(file));
}

function flatColumns(root: SchemaTree): SchemaTree[] {
  return root.children.filter(
    ({ element, children }) => children.length === 0 && element.repetition_type !== 'REPEATED',
  );
}

function pagesOf(
  source: FileBytes,
  root: SchemaTree,
  columns: readonly SchemaTree[],
  group: RowGroup,
): Map<string, ColumnPages> {
  const parts = new Map(
    group.columns.map(({ meta_data: data }) => [data?.path_in_schema.join('\0'), data]),
  );
  const share = Math.round(AHEAD_BYTES / Math.max(1, columns.length));
  const blockBytes = Math.min(MOST_BLOCK, Math.max(LEAST_BLOCK, share));
  const pages = new Map<string, ColumnPages>();
  for (const column of columns) {
    const metadata = parts.get(column.path.join('\0'));
    if (metadata === undefined) throw new RangeError('a row group lacks a column');
    const path = [root, column] as const;
    pages.set(
      column.element.name,
      new ColumnPages(source, { metadata, path, compressors, blockBytes }),
    );
  }
  return pages;
}

async function decode(
  pages: ReadonlyMap<string, ColumnPages>,
  rows: number,
): Promise<Map<string, BatchColumn>> {
  const columns = new Map<string, BatchColumn>();
  const all = [...pages];
  for (let at = 0; at < all.length; at += COLUMNS_AT_ONCE) {
    const some = all.slice(at, at + COLUMNS_AT_ONCE);
    const cells = await Promise.all(some.map(([, column]) => decodeColumn(column, rows)));
    some.forEach(([name], i) => columns.set(name, cells[i]!));
  }
  return columns;
}

async function decodeColumn(column: ColumnPages, rows: number): Promise<BatchColumn> {
  const parts = await column.take(rows);
  const repeated = codesOf(parts, rows);
  if (repeated) return { cells: repeated };
  return numbersOf(parts, rows) ?? { cells: packValues(cellsOf(parts, rows)) };
}

/**
 * The cells as values and indices, if the pages store them so. Values are in the order of their
 * first use.
 */
function codesOf(parts: readonly PagePart[], rows: number): DictionaryColumn | undefined {
  const dictionary = parts[0]?.page.dictionary;
  if (!dictionary || parts.some(({ page }) => page.dictionary !== dictionary)) return undefined;
  // A dictionary may have many values that these rows do not contain.
  const places = new Int32Array(dictionary.length + 1).fill(-1);
  const codes = new Int32Array(rows);
  const values: unknown[] = [];
  let at = 0;
  for (const { page, from, count } of parts) {
    const { cells } = page;
    for (let i = from; i < from + count; i++) {
      const place = (cells[i] as number) + 1;
      let code = places[place]!;
      if (code < 0) {
        code = places[place] = values.push(place === 0 ? null : dictionary[place - 1]) - 1;
      }
      codes[at++] = code;
    }
  }
  return { codes, values };
}

/** Like `packNumbers`, without an object for each number. */
function numbersOf(parts: readonly PagePart[], rows: number): BatchColumn | undefined {
  const cells = new Float64Array(rows);
  let missing: Uint8Array | undefined;
  let at = 0;
  for (const { page, from, count } of parts) {
    const { cells: read, dictionary } = page;
    // A column with too many values for a dictionary has pages of both kinds.
    if (dictionary) return undefined;
    for (let i = from; i < from + count; i++, at++) {
      const value: unknown = read[i];
      if (typeof value === 'number') cells[at] = value;
      else if (value === null || value === undefined) {
        cells[at] = NaN;
        missing ??= new Uint8Array(rows);
        missing[at] = 1;
      } else {
        const number = plain(value);
        if (typeof number !== 'number') return undefined;
        cells[at] = number;
      }
    }
  }
  return { cells, ...(missing !== undefined && { missing }) };
}

function cellsOf(parts: readonly PagePart[], rows: number): unknown[] {
  const cells = Array.from<unknown>({ length: rows }).fill(null);
  let at = 0;
  for (const { page, from, count } of parts) {
    const { cells: read, dictionary } = page;
    for (let i = from; i < from + count; i++) {
      const cell: unknown = read[i];
      cells[at++] = dictionary ? (dictionary[cell as number] ?? null) : plain(cell);
    }
  }
  return cells;
}

function attempt<T>(file: BatchFile, read: () => T): T {
  try {
    return read();
  } catch (error) {
    return unreadableParquet(file)(error);
  }
}

function unreadableParquet({ path }: BatchFile): (error: unknown) => never {
  return (error) => {
    throw new CommandError(
      `${path} is not a readable Parquet file (${describeFailure(error).replace(/\.$/, '')})`,
      'Write it with DataFrame.to_parquet()',
    );
  };
}
