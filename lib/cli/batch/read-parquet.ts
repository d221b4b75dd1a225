import { open } from 'node:fs/promises';
import {
  parquetMetadataAsync,
  parquetRead,
  parquetSchema,
  type AsyncBuffer,
  type FileMetaData,
  type SchemaElement,
} from 'hyparquet';
import { packNumbers, packValues } from '../../learner/fastai/tabular/packed-frame.js';
import { compressors, plain } from '../../nest/io/data-frame/parquet.js';
import { CommandError, describeFailure } from '../errors.js';
import type { BatchColumn, Chunk, ReadOptions } from './chunk.js';
import type { BatchFile } from './files.js';

/** More rows of one group are not read: a group is decoded as a whole. */
const MOST_ROWS = 16 * 1024 * 1024;

/**
 * The rows of a Parquet file. A group of rows is decoded column by column, each of which is made
 * small before the next one is decoded.
 *
 * @param names The columns to read; undefined for all that are flat.
 */
export async function* readParquet(
  file: BatchFile,
  options: ReadOptions,
  names?: ReadonlySet<string>,
): AsyncGenerator<Chunk> {
  const source = await FileBuffer.open(file.path);
  try {
    const metadata = await metadataOf(file, source);
    const columns = flatColumns(metadata).filter(({ name }) => names?.has(name) ?? true);
    const total = Number(metadata.num_rows);
    let start = 0;
    for (const group of metadata.row_groups) {
      const rows = Number(group.num_rows);
      if (!Number.isSafeInteger(rows) || rows < 0 || rows > MOST_ROWS) {
        throw new CommandError(
          `The file ${file.path} has a group of ${group.num_rows} rows`,
          `Write groups of ${MOST_ROWS} rows at most`,
        );
      }
      // Chunks end with their group, so that a group that is done needs no decoding.
      const wanted: boolean[] = [];
      for (let at = 0; at < rows; at += options.rows) wanted.push(options.wanted());
      const cells = new Map<string, BatchColumn>();
      if (wanted.includes(true)) {
        for (const { name } of columns) {
          cells.set(name, await decode(file, source, metadata, name, start, rows));
        }
      }
      for (const [i, isWanted] of wanted.entries()) {
        const from = i * options.rows;
        const to = Math.min(rows, from + options.rows);
        yield {
          file,
          first: start + from,
          rows: to - from,
          bytes: Math.round((file.size * (start + to)) / Math.max(1, total)),
          columns: isWanted ? sliced(cells, from, to) : undefined,
          faults: new Map(),
        };
      }
      start += rows;
    }
  } finally {
    await source.close();
  }
}

/** The columns of a Parquet file that have no parts, as its schema tells them. */
export async function parquetColumns(file: BatchFile): Promise<readonly SchemaElement[]> {
  const source = await FileBuffer.open(file.path);
  try {
    return flatColumns(await metadataOf(file, source));
  } finally {
    await source.close();
  }
}

async function metadataOf(file: BatchFile, source: AsyncBuffer): Promise<FileMetaData> {
  return parquetMetadataAsync(source).catch(unreadableParquet(file));
}

function flatColumns(metadata: FileMetaData): SchemaElement[] {
  return parquetSchema(metadata).children.flatMap(({ element, children }) =>
    children.length === 0 && element.repetition_type !== 'REPEATED' ? [element] : [],
  );
}

async function decode(
  file: BatchFile,
  source: AsyncBuffer,
  metadata: FileMetaData,
  name: string,
  start: number,
  rows: number,
): Promise<BatchColumn> {
  const cells = Array.from<unknown>({ length: rows }).fill(null);
  await parquetRead({
    file: source,
    metadata,
    columns: [name],
    rowStart: start,
    rowEnd: start + rows,
    compressors,
    onChunk: ({ columnData, rowStart }) => {
      for (let at = 0; at < columnData.length; at++) {
        const row = rowStart + at - start;
        if (row >= 0 && row < rows) cells[row] = plain(columnData[at]);
      }
    },
  }).catch(unreadableParquet(file));
  const numbers = packNumbers(cells);
  if (numbers === undefined) return { cells: packValues(cells) };
  return {
    cells: numbers.numbers,
    ...(numbers.missing !== undefined && { missing: numbers.missing }),
  };
}

function sliced(
  columns: ReadonlyMap<string, BatchColumn>,
  from: number,
  to: number,
): Map<string, BatchColumn> {
  return new Map(
    [...columns].map(([name, { cells, missing }]) => [
      name,
      {
        cells:
          'codes' in cells
            ? { codes: cells.codes.subarray(from, to), values: cells.values }
            : (cells as Float64Array).subarray(from, to),
        ...(missing !== undefined && { missing: missing.subarray(from, to) }),
      },
    ]),
  );
}

function unreadableParquet({ path }: BatchFile): (error: unknown) => never {
  return (error) => {
    throw new CommandError(
      `${path} is not a Parquet file that can be read (${describeFailure(error).replace(/\.$/, '')})`,
      'Write it with DataFrame.to_parquet()',
    );
  };
}

/** A file of which parts are read. */
class FileBuffer implements AsyncBuffer {
  private constructor(
    private readonly handle: Awaited<ReturnType<typeof open>>,
    readonly byteLength: number,
  ) {}

  static async open(path: string): Promise<FileBuffer> {
    const handle = await open(path);
    return new FileBuffer(handle, (await handle.stat()).size);
  }

  async slice(start: number, end = this.byteLength): Promise<ArrayBuffer> {
    const bytes = new Uint8Array(Math.max(0, Math.min(end, this.byteLength) - start));
    let read = 0;
    while (read < bytes.length) {
      const { bytesRead } = await this.handle.read(bytes, read, bytes.length - read, start + read);
      if (bytesRead === 0) throw new RangeError('the file became shorter');
      read += bytesRead;
    }
    return bytes.buffer;
  }

  close(): Promise<void> {
    return this.handle.close();
  }
}
