import type { LearnerKind, TabularSchema } from '../../learner/fastai/contract.js';
import {
  packNumbers,
  packValues,
  type PackedColumn,
} from '../../learner/fastai/tabular/packed-frame.js';
import type { Column } from '../../learner/fastai/tabular/table.js';
import { cellReader } from '../../nest/served-model/csv-cells.js';
import { describeFailure } from '../errors.js';
import { itemColumn, rowColumns, USUAL_COLUMNS } from '../predict/input-columns.js';
import { isS3 } from '../s3/address.js';
import { cellOf, type BatchColumn, type Chunk } from './chunk.js';
import { PackedRows, partOf } from './packed-rows.js';
import { besideFile, ItemFileError, readItem, type KnownObjects } from './read-item.js';
import { PATH } from './read-items.js';
import { ITEM } from './read-lines.js';

/** The items of some rows in a chunk, from which a model predicts. */
export type Items = PackedRows | readonly unknown[];

/** The settings that decide how rows become items. */
export interface ItemRules {
  readonly kind: LearnerKind | 'module';
  readonly schema: TabularSchema | undefined;
  /** The column with the text or the image path; undefined for a column with a usual name. */
  readonly column: string | undefined;
}

/** The same, once the input is known. */
export interface InputRules extends ItemRules {
  /**
   * Maps the name of a file in the input to its local path; undefined if names are paths already.
   * It returns undefined for a file that must not be read.
   */
  readonly locate?: (path: string) => Promise<string | undefined>;
  /** For files that are one item each. */
  readonly objects?: KnownObjects | undefined;
  /** The columns to predict from; undefined if that depends on each row. */
  readonly needed: readonly string[] | undefined;
}

/** Items may also be files, and JSON lines that are not rows. */
const USUAL: Readonly<Record<string, readonly string[]>> = {
  text: [PATH, ...USUAL_COLUMNS.text, 'prompt', ITEM],
  vision: [PATH, ...USUAL_COLUMNS.image, ITEM],
};

/** The input columns to predict from; undefined if that depends on each row. */
export function neededColumns(
  { kind, schema, column }: ItemRules,
  names: readonly string[],
  where: string,
): readonly string[] | undefined {
  if (schema?.ownCode) return undefined;
  if (schema) return rowColumns(schema, names, where);
  const usual = USUAL[kind === 'lm' ? 'text' : kind];
  return usual && [itemColumn(column, usual, names, where)];
}

/**
 * The items of the rows from `from` up to, but not including, `to`.
 *
 * @param onFault Told of rows whose file cannot be read; they have no item.
 * @throws CommandError
 */
export async function itemsOf(
  chunk: Chunk,
  rules: InputRules,
  from: number,
  to: number,
  onFault: (row: number, reason: string) => void,
): Promise<Items> {
  const columns = chunk.columns ?? new Map<string, BatchColumn>();
  const { file } = chunk;
  const { needed, schema } = rules;
  // A JSON line may omit a column; a table without it is a different table.
  if (needed?.some((name) => !columns.has(name)) && file.format !== 'jsonl') {
    neededColumns(rules, [...columns.keys()], file.path);
  }
  if (schema && needed) return frameOf(chunk, schema, from, to);
  const cells = (name: string): unknown[] => {
    const column = columns.get(name);
    return Array.from({ length: to - from }, (_, at) => column && cellOf(column, from + at));
  };
  const each = (
    values: readonly unknown[],
    item: (value: unknown) => Promise<unknown>,
  ): Promise<unknown[]> =>
    Promise.all(
      values.map((value, at) =>
        item(value).catch((error: unknown) => {
          if (!(error instanceof ItemFileError)) throw error;
          onFault(from + at, describeFailure(error));
          return undefined;
        }),
      ),
    );
  const read = async (path: unknown): Promise<Buffer> =>
    readItem(await placeOf(rules, path), rules.objects);
  if (needed) {
    const [name = ITEM] = needed;
    // Some JSON lines may be a text, and others an object with a text.
    const alone = name !== ITEM && columns.has(ITEM) ? cells(ITEM) : [];
    const values = cells(name).map((value, at) => alone[at] ?? value);
    if (rules.kind !== 'vision') {
      if (name !== PATH || file.format !== 'item') return values;
      return each(values, async (path) => (await read(path)).toString('utf8'));
    }
    return each(values, async (path) => {
      if (typeof path !== 'string' || path === '') return path;
      const place = await placeOf(rules, besideFile(file, path));
      // A worker opens files itself.
      return isS3(place) ? readItem(place, rules.objects) : place;
    });
  }
  if (columns.has(PATH) && file.format === 'item') return each(cells(PATH), read);
  if (columns.has(ITEM)) return cells(ITEM);
  const named = [...columns.keys()].map((name) => [name, cells(name)] as const);
  return Array.from({ length: to - from }, (_, at) =>
    Object.fromEntries(named.map(([name, values]) => [name, values[at]])),
  );
}

/** An impossible path instead of one that must not be read, so only its row fails. */
const NOWHERE = '\0';

async function placeOf({ locate }: InputRules, path: unknown): Promise<string> {
  if (!locate) return path as string;
  return (await locate(path as string)) ?? NOWHERE;
}

/** Rows as columns, which a worker reads fastest. */
function frameOf(chunk: Chunk, schema: TabularSchema, from: number, to: number): PackedRows {
  const rows = to - from;
  const texts = chunk.file.format === 'csv' || chunk.file.format === 'tsv';
  const packed = new Map<string, PackedColumn>();
  for (const column of schema.columns) {
    const { cells } = chunk.columns?.get(column.name) ?? missingCells(chunk.rows);
    const some = partOf(cells, from, to);
    // Partition values from folder names are texts too, unless the format is the same.
    const reads = texts || chunk.file.partition.has(column.name);
    packed.set(column.name, reads ? readCells(some, cellReader(column)) : packedOf(some));
  }
  return new PackedRows(rows, packed);
}

function missingCells(rows: number): BatchColumn {
  return { cells: { codes: new Int32Array(rows), values: [null] } };
}

/** Values that repeat are read once. */
function readCells(cells: Column, read: (text: string) => unknown): PackedColumn {
  const { codes, values } = 'codes' in cells ? cells : packValues(cells);
  return packedOf({ codes, values: values.map((value) => read(String(value ?? ''))) });
}

function packedOf(cells: Column): PackedColumn {
  if (!('codes' in cells)) {
    return cells instanceof Float64Array
      ? cells
      : (packNumbers(cells)?.numbers ?? packValues(cells));
  }
  const { codes, values } = cells;
  if (!values.every((value) => typeof value === 'number' || value === null)) return cells;
  const numbers = Float64Array.from(values as readonly (number | null)[], (value) => value ?? NaN);
  const out = new Float64Array(codes.length);
  for (let row = 0; row < out.length; row++) out[row] = numbers[codes[row]!]!;
  return out;
}
