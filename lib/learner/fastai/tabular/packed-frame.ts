import { deserialize, serialize } from 'node:v8';
import type { FrameLike } from '../contract.js';
import type { Column, DictionaryColumn } from './table.js';

/** A dictionary whose values have been serialized, in parts: to pass it on costs nothing. */
interface StoredColumn {
  readonly codes: Int32Array;
  readonly stored: readonly Uint8Array[];
}

/** The cells of one column, as a message between threads carries them. */
export type PackedColumn = Column | StoredColumn;

/** Numbers of which some may be missing, which are NaN here. */
interface Numbers {
  readonly numbers: Float64Array;
  /** 1 for each missing cell; undefined where there is none. */
  readonly missing: Uint8Array | undefined;
}

type Cells = unknown[] | NumberArray;

/** The cells of one column, in shared memory. */
export type StoredCells = NumberArray | Numbers | StoredColumn;

/**
 * A data frame in a form that a message between threads can carry, and that costs it little:
 * numbers as typed arrays, everything else as its distinct values and their places. Typed arrays
 * lie in shared memory, which no message copies; nobody writes to them.
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

/** Notes that a frame came packed, so that nobody need pack it again. */
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

/** Arrays as they are kept, where possible: arquero's `array()` costs as much as scoring them. */
export function cellsOf(frame: FrameLike, name: string): ArrayLike<unknown> {
  if (!frame.isFiltered() && !frame.isOrdered()) {
    const kept = frame.column(name);
    if (Array.isArray(kept) || ArrayBuffer.isView(kept)) return kept as ArrayLike<unknown>;
  }
  return frame.array(name);
}

/** A copy: the caller may go on using its own cells. */
export function packCells(cells: ArrayLike<unknown>): Column {
  if (ArrayBuffer.isView(cells)) return shared(cells as unknown as NumberArray);
  return packNumbers(cells)?.numbers ?? packValues(cells);
}

/** The same for a thread that may only pass it on: no value has to be made there. */
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

/** Stored cells as a column of a packed frame, in which missing numbers are NaN. */
export function packStored(cells: StoredCells): PackedColumn {
  return 'numbers' in cells ? cells.numbers : cells;
}

/** Stored cells as they were, in memory of their own; in steps, each of which takes a moment. */
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
  // Not of shared memory: V8 wants to be sure that nobody changes what it reads.
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
    // A map takes -0 for 0.
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
  // A function given to Array.from would take ten times as long.
  return Array.from<unknown>({ length }).fill(null);
}

function isMissing(value: unknown): value is null | undefined {
  return value === null || value === undefined;
}

/** A small copy costs less than memory that threads share. */
const SHARED_FROM_BYTES = 4096;

function memory(bytes: number): SharedArrayBuffer {
  const Memory = bytes < SHARED_FROM_BYTES ? ArrayBuffer : SharedArrayBuffer;
  return new Memory(bytes) as SharedArrayBuffer;
}
