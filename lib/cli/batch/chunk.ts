import type { Column } from '../../learner/fastai/tabular/table.js';
import type { BatchFile } from './files.js';

/** The cells of a column, as a learner reads them. */
export interface BatchColumn {
  readonly cells: Column;
  /** 1 for each missing cell, if the cells are numbers with NaN in its place. */
  readonly missing?: Uint8Array;
}

/** Consecutive rows of a file, or consecutive files that are one item each. */
export interface Chunk {
  readonly file: BatchFile;
  /** The index of its first row in the file, from 0. */
  readonly first: number;
  readonly rows: number;
  /** The indices of its rows, relative to `first`, if some are left out; otherwise undefined. */
  readonly places?: Uint32Array;
  /** The number of input bytes read up to its end. */
  readonly bytes: number;
  /** Undefined if they are not needed. CSV cells are texts. */
  readonly columns: ReadonlyMap<string, BatchColumn> | undefined;
  /** Why rows could not be read, by their index in the chunk. */
  readonly faults: ReadonlyMap<number, string>;
}

/** How to read a file. */
export interface ReadOptions {
  /** The number of rows in a chunk; the last chunk of a file has the rest. */
  readonly rows: number;
  /** Whether the next chunk is needed; for others, only the position is returned. */
  wanted(): boolean;
}

/** The cell of a row as it was read. */
export function cellOf({ cells, missing }: BatchColumn, row: number): unknown {
  if (missing?.[row] === 1) return null;
  return 'codes' in cells ? cells.values[cells.codes[row]!] : cells[row];
}

/** The cells of some rows. */
export function gathered({ cells, missing }: BatchColumn, rows: Uint32Array): BatchColumn {
  const gaps = missing && { missing: Uint8Array.from(rows, (row) => missing[row]!) };
  if ('codes' in cells) {
    const codes = Int32Array.from(rows, (row) => cells.codes[row]!);
    return { cells: { codes, values: cells.values } };
  }
  if (cells instanceof Float64Array) {
    return { cells: Float64Array.from(rows, (row) => cells[row]!), ...gaps };
  }
  return { cells: Array.from(rows, (row) => cells[row]), ...gaps };
}

/** The number of a row in its file, counted from 1. */
export function rowNumber({ first, places }: Chunk, row: number): number {
  return first + (places?.[row] ?? row) + 1;
}
