import type { CsvDialect } from '../../predict/csv-records.js';
import type { BatchFile } from '../files.js';
import type { Unpacked } from './unpack.js';

/** Where the rows of a chunk are, so that they are read without what is before them. */
export interface ChunkPlace {
  /** Files that are an item each, or the one file of the rows. */
  readonly files: readonly BatchFile[];
  /** The place of its first row in the file, or of its first file. */
  readonly first: number;
  /** Its part of the input's bytes. */
  readonly bytes: number;
  /** Rows that are read. */
  readonly rows: number;
  /** How many of those that `--where` leaves are predicted: `--limit` may end within a chunk. */
  readonly take: number;
  /** Of Parquet: the number of the chunk in its file. */
  readonly at?: number | undefined;
  /** Of a file that is packed as a whole: the file in the batch's folder that has its bytes. */
  readonly unpacked?: Unpacked | undefined;
  /** Bytes of CSV, TSV and lines; the last one excluded. */
  readonly start?: number | undefined;
  readonly end?: number | undefined;
  /** Of CSV and TSV: the end of the line of names, and the dialect. */
  readonly head?: number | undefined;
  readonly delimiter?: string | undefined;
  readonly newline?: CsvDialect['newline'] | undefined;
}
