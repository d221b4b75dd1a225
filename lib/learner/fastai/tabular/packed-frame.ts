import { deserialize, serialize } from 'node:v8';
import type { FrameLike } from '../contract.js';
import type { Column, DictionaryColumn } from './table.js';

/** A dictionary with serialized values, in parts: passing it on is free. */
interface StoredColumn {
  readonly codes: Int32Array;
  readonly stored: readonly Uint8Array[];
}

/** The cells of one column for a message between threads. */
export type PackedColumn = Column | StoredColumn;

/** Numbers, with NaN for missing ones. */
interface Numbers {
  readonly numbers: Float64Array;
  /** 1 for each missing cell; undefined if none is missing. */
  readonly missing: Uint8Array | undefined;
}

type Cells = unknown[] | NumberArray;

/** The cells of one column, in shared memory. */
export type StoredCells = NumberArray | Numbers | StoredColumn;

/**
 * A data frame that a message between threads can carry at low cost: numbers as typed arrays,
 * everything else as its distinct values and their indices. Typed arrays use shared memory, which
 * messages do not copy; nobody writes to them.
 */
export interface PackedFrame {
  readonly vtsFrame: true;
  readonly rows: number;
  readonly columns: ReadonlyMap<string, PackedColumn>;
}

export function isPackedFrame(value: unknown): value is PackedFrame {
  return (
    typeof value === 'object' &&
    value !== null &&
    Object.hasOwn(value, 'vtsFrame') &&
    (value as PackedFrame).columns instanceof Map
  );
}

const packers = new WeakMap<FrameLike, () => PackedFrame>();

/** Records that a frame arrived packed, so it need not be packed again. */
export function packsAs(frame: FrameLike, pack: () => PackedFrame): void {
  packers.set(frame, pack);
}

export function packFrame(frame: FrameLike): PackedFrame {
  const pack = packers.get(frame);
  if (pack !== undefined) return pack();
  const columns = new Map<string, PackedColumn>();
  for (const name of frame.columnNames()) columns.set(name, packCells(cellsOf(frame, name)));
  return { vtsFrame: true, rows: frame.numRows(), columns };
}

/** Stored arrays if possible: arquero's `array()` takes as long as the predictions. */
export function cellsOf(frame: FrameLike, name: string): ArrayLike<unknown> {
  if (!frame.isFiltered() && !frame.isOrdered()) {
    const kept = frame.column(name);
    if (Array.isArray(kept) || ArrayBuffer.isView(kept)) return kept as ArrayLike<unknown>;
  }
  return frame.array(name);
}

/** Makes a copy, because the caller may change its own cells later. */
export function packCells(cells: ArrayLike<unknown>): Column {
  if (ArrayBuffer.isView(cells)) return shared(cells as unknown as NumberArray);
  return packNumbers(cells)?.numbers ?? packValues(cells);
}

/** The same for a thread that only passes the frame on. It does not create the values there. */
export function storeCells(cells: Cells): StoredCells {
  if (ArrayBuffer.isView(cells)) return shared(cells);
  const numbers = packNumbers(cells);
  if (numbers !== undefined) return numbers;
  const { codes, values } = packValues(cells);
  const stored: Uint8Array[] = [];
  for (let at = 0; at < values.length; at += STORED_TOGETHER) {
    stored.push(shared(serialize(values.slice(at, at + STORED_TOGETHER))));
  }
  return { codes, stored };
}

/** Stored cells as a column of a packed frame; missing numbers are NaN. */
export function packStored(cells: StoredCells): PackedColumn {
  return 'numbers' in cells ? cells.numbers : cells;
}

/** Stored cells as they were, in their own memory; runs in short steps. */
export function* restoreCells(cells: StoredCells): Generator<void, Cells, void> {
  if ('numbers' in cells) {
    const { numbers, missing } = cells;
    const out = nulls(numbers.length);
    for (let row = 0; row < out.length; row++) if (missing?.[row] !== 1) out[row] = numbers[row];
    return out;
  }
  if (!('stored' in cells)) return cells.slice();
  const values: unknown[] = [];
  for (const part of cells.stored) {
    for (const value of restored(part)) values.push(value);
    yield;
  }
  const out = nulls(cells.codes.length);
  for (let row = 0; row < out.length; row++) out[row] = values[cells.codes[row]!];
  return out;
}

/** The column as a learner reads it. */
export function unpackColumn(packed: PackedColumn): Column {
  if (!('stored' in packed)) return packed;
  return { codes: packed.codes, values: packed.stored.flatMap(restored) };
}

/** The same in memory that is not shared, for another process. */
export function unshared({ rows, columns }: PackedFrame): PackedFrame {
  const own = (column: PackedColumn): PackedColumn => {
    if ('stored' in column)
      return {
        codes: column.codes.slice(),
        stored: column.stored.map((part) => part.slice()),
      };
    if ('codes' in column) return { codes: column.codes.slice(), values: column.values };
    return (column as NumberArray).slice();
  };
  return {
    vtsFrame: true,
    rows,
    columns: new Map([...columns].map(([name, column]) => [name, own(column)])),
  };
}

type NumberArray =
  | Float64Array
  | Float32Array
  | Int32Array
  | Int16Array
  | Int8Array
  | Uint32Array
  | Uint16Array
  | Uint8Array;

/** Values that are serialized together. */
const STORED_TOGETHER = 4096;

function restored(stored: Uint8Array): unknown[] {
  // Not shared memory: V8 requires memory that nobody changes while it reads.
  return deserialize(stored.slice()) as unknown[];
}

function shared<T extends NumberArray>(cells: T): T {
  const View = (Buffer.isBuffer(cells) ? Uint8Array : cells.constructor) as new (
    buffer: SharedArrayBuffer,
  ) => T;
  const copy = new View(memory(cells.byteLength));
  copy.set(cells);
  return copy;
}

export function packNumbers(cells: ArrayLike<unknown>): Numbers | undefined {
  let first = 0;
  while (first < cells.length && isMissing(cells[first])) first++;
  if (first < cells.length && typeof cells[first] !== 'number') return undefined;
  const numbers = new Float64Array(memory(8 * cells.length));
  let missing: Uint8Array | undefined;
  for (let row = 0; row < cells.length; row++) {
    const value = cells[row];
    if (typeof value === 'number') numbers[row] = value;
    else if (isMissing(value)) {
      numbers[row] = NaN;
      missing ??= new Uint8Array(memory(cells.length));
      missing[row] = 1;
    } else return undefined;
  }
  return { numbers, missing };
}

export function packValues(cells: ArrayLike<unknown>): DictionaryColumn {
  const codes = new Int32Array(memory(4 * cells.length));
  const places = new Map<unknown, number>();
  const values: unknown[] = [];
  let code: number | undefined;
  for (let row = 0; row < cells.length; row++) {
    const value = cells[row];
    // A map treats -0 as 0.
    code = Object.is(value, -0) ? undefined : places.get(value);
    if (code === undefined) {
      code = values.push(value) - 1;
      if (!Object.is(value, -0)) places.set(value, code);
    }
    codes[row] = code;
  }
  return { codes, values };
}

function nulls(length: number): unknown[] {
  // Array.from with a function would take ten times as long.
  return Array.from<unknown>({ length }).fill(null);
}

function isMissing(value: unknown): value is null | undefined {
  return value === null || value === undefined;
}

/** A small copy is cheaper than shared memory. */
const SHARED_FROM_BYTES = 4096;

function memory(bytes: number): SharedArrayBuffer {
  const Memory = bytes < SHARED_FROM_BYTES ? ArrayBuffer : SharedArrayBuffer;
  return new Memory(bytes) as SharedArrayBuffer;
}
