import type { BatchColumn, Chunk, ReadOptions } from './chunk.js';
import type { BatchFile } from './files.js';
import { readDelimited } from './read-delimited.js';
import { readItems } from './read-items.js';
import { readLines } from './read-lines.js';
import { readParquet } from './read-parquet.js';
import type { RowFilter } from './where/row-filter.js';

/**
 * The chunks of all files, in order; the same files give the same chunks.
 *
 * @param names The columns that are needed; undefined for all.
 * @param where The condition for rows; undefined for all.
 */
export async function* readChunks(
  files: readonly BatchFile[],
  options: ReadOptions,
  names?: ReadonlySet<string>,
  where?: RowFilter,
): AsyncGenerator<Chunk> {
  // The number of rows in a chunk is known only after filtering.
  const wanted = (): boolean => options.wanted() || where !== undefined;
  let before = 0;
  for (let at = 0; at < files.length;) {
    const file = files[at]!;
    const run = file.format === 'item' ? runOf(files, at) : 1;
    for await (const chunk of ofFile(files.slice(at, at + run), { ...options, wanted }, names)) {
      const whole = { ...chunk, bytes: before + chunk.bytes, columns: withPartition(chunk) };
      yield where ? where.apply(whole) : whole;
    }
    for (const { size } of files.slice(at, at + run)) before += size;
    at += run;
  }
}

function ofFile(
  files: readonly BatchFile[],
  options: ReadOptions,
  names: ReadonlySet<string> | undefined,
): AsyncIterable<Chunk> | Iterable<Chunk> {
  const file = files[0]!;
  if (file.format === 'item') return readItems(files, options);
  if (file.format === 'parquet') return readParquet(file, options, names);
  return file.format === 'csv' || file.format === 'tsv'
    ? readDelimited(file, options)
    : readLines(file, options);
}

/** The number of consecutive files that are items. */
function runOf(files: readonly BatchFile[], from: number): number {
  const end = files.findIndex(({ format }, at) => at > from && format !== 'item');
  return (end < 0 ? files.length : end) - from;
}

/** The columns of a chunk, plus those from folder names. */
export function withPartition({ file, rows, columns }: Chunk): Chunk['columns'] {
  if (columns === undefined || file.partition.size === 0 || file.format === 'item') return columns;
  const all = new Map<string, BatchColumn>(columns);
  for (const [name, value] of file.partition) {
    const codes = new Int32Array(rows);
    if (!all.has(name)) all.set(name, { cells: { codes, values: [value] } });
  }
  return all;
}
