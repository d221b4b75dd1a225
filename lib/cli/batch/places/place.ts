import type { CsvDialect } from '../../predict/csv-records.js';
import type { BatchFile } from '../files.js';
import type { Unpacked } from './unpack.js';

/** Where the rows of a chunk are, so that they can be read without the rows before them. */
export interface ChunkPlace {
  /** Files that are one item each, or the one file with the rows. */
  readonly files: readonly BatchFile[];
  /** The index of its first row in the file, or of its first file. */
  readonly first: number;
  /** How many of the input's bytes it covers. */
  readonly bytes: number;
  /** How many rows are read. */
  readonly rows: number;
  /**
   * How many of the rows that `--where` accepts are predicted, because `--limit` may end within a
   * chunk.
   */
  readonly take: number;
  /** For Parquet: the number of the chunk in its file. */
  readonly at?: number | undefined;
  /**
   * For a file that is compressed as a whole: the file in the batch's folder that has its bytes.
   */
  readonly unpacked?: Unpacked | undefined;
  /** The byte range of CSV, TSV and lines; the end is excluded. */
  readonly start?: number | undefined;
  readonly end?: number | undefined;
  /** For CSV and TSV: the end of the header line, and the dialect. */
  readonly head?: number | undefined;
  readonly delimiter?: string | undefined;
  readonly newline?: CsvDialect['newline'] | undefined;
}
