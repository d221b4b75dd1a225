import type { Column } from '../../learner/fastai/tabular/table.js';
import type { BatchFile } from './files.js';

/** The cells of a column, as a learner reads them. */
export interface BatchColumn {
  readonly cells: Column;
  /** 1 for each cell that is missing, where the cells are numbers and NaN stands there. */
  readonly missing?: Uint8Array;
}

/** Some rows that follow each other in a file, or some files that are an item each. */
export interface Chunk {
  readonly file: BatchFile;
  /** The place of its first row in the file, counted from 0. */
  readonly first: number;
  readonly rows: number;
  /** The places of its rows, from `first`, where some are left out; undefined where none is. */
  readonly places?: Uint32Array;
  /** Bytes of the input that have been read by its end. */
  readonly bytes: number;
  /** Undefined where nobody wanted them. Cells of CSV are texts. */
  readonly columns: ReadonlyMap<string, BatchColumn> | undefined;
  /** Why rows could not be read, by their place in the chunk. */
  readonly faults: ReadonlyMap<number, string>;
}

/** How a file is to be read. */
export interface ReadOptions {
  /** Rows of a chunk; the last one of a file has what is left. */
  readonly rows: number;
  /** Whether the next chunk is wanted: of others only the place is told. */
  wanted(): boolean;
}

/** The cell of a row as it was read. */
export function cellOf({ cells, missing }: BatchColumn, row: number): unknown {
  if (missing?.[row] === 1) return null;
  return 'codes' in cells ? cells.values[cells.codes[row]!] : cells[row];
}

/** The number of a row in its file, as people count. */
export function rowNumber({ first, places }: Chunk, row: number): number {
  return first + (places?.[row] ?? row) + 1;
}
