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
  const gaps = missing && { missing: numbersAt(missing, rows) };
  if ('codes' in cells) {
    return { cells: { codes: numbersAt(cells.codes, rows), values: cells.values } };
  }
  if (cells instanceof Float64Array || cells instanceof Float32Array) {
    return { cells: numbersAt(cells, rows), ...gaps };
  }
  return { cells: Array.from(rows, (row) => cells[row]), ...gaps };
}

/** `from` with a function takes ten times as long. */
function numbersAt<T extends Float64Array | Float32Array | Int32Array | Uint8Array>(
  numbers: T,
  rows: Uint32Array,
): T {
  const some = new (numbers.constructor as new (length: number) => T)(rows.length);
  for (let at = 0; at < rows.length; at++) some[at] = numbers[rows[at]!]!;
  return some;
}

export function lengthOf(cells: Column): number {
  return 'codes' in cells ? cells.codes.length : cells.length;
}

/** The cells of several columns as one. */
export function joined(parts: readonly Column[]): Column {
  const [first = []] = parts;
  if (parts.length < 2) return first;
  if ('codes' in first) {
    const { values } = first;
    const codes = parts.flatMap((part) =>
      'codes' in part && part.values === values ? part.codes : [],
    );
    if (codes.length === parts.length) return { codes: concat(codes), values };
  }
  const floats = parts.filter((part) => part instanceof Float32Array);
  if (floats.length === parts.length) return concat(floats);
  return parts.flatMap((cells) =>
    Array.from({ length: lengthOf(cells) }, (_, row) => cellOf({ cells }, row)),
  );
}

function concat<T extends Float32Array | Int32Array>(parts: readonly T[]): T {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const all = new (parts[0]!.constructor as new (length: number) => T)(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** The number of a row in its file, counted from 1. */
export function rowNumber({ first, places }: Chunk, row: number): number {
  return first + (places?.[row] ?? row) + 1;
}
