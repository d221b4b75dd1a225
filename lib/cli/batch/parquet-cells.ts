import type { ColumnChunk, DecodedArray, SchemaElement } from 'hyparquet';
import type { ByteWriter } from 'hyparquet-writer';
import { writeColumn } from 'hyparquet-writer/src/column.js';
import { writeDataPageV2 } from 'hyparquet-writer/src/datapage.js';
import { writeDictionaryPage } from 'hyparquet-writer/src/dictionary.js';
import { snappyCompress } from 'hyparquet-writer/src/snappy.js';
import { unconvert } from 'hyparquet-writer/src/unconvert.js';
import { packValues } from '../../learner/fastai/tabular/packed-frame.js';
import type { DictionaryColumn } from '../../learner/fastai/tabular/table.js';
import { writeJson } from '../../nest/io/json/write-json.js';
import { cellOf, type BatchColumn } from './chunk.js';
import type { OutputColumn } from './layout.js';

type ColumnEncoder = Parameters<typeof writeColumn>[0]['column'];

const PAGE_BYTES = 1024 * 1024;
/** If a group has more rows, the writer makes several pages. */
const MOST_PAGE_ROWS = 1024 * 1024;

/** Writes the cells of a column for a group of rows. */
export function writeCells(
  writer: ByteWriter,
  element: SchemaElement,
  column: OutputColumn,
  { cells, missing }: BatchColumn,
): ColumnChunk {
  const { name } = element;
  const encoder: ColumnEncoder = {
    columnName: name,
    element,
    schemaPath: [{ name: 'schema', num_children: 1 }, element],
    codec: 'SNAPPY',
    compressors: { SNAPPY: snappyCompress },
    stats: false,
    pageSize: PAGE_BYTES,
    columnIndex: false,
    offsetIndex: false,
  };
  const value = valueOf(column);
  const length = 'codes' in cells ? cells.codes.length : cells.length;
  const isOnePage = length <= MOST_PAGE_ROWS;
  const repeated = column.type === 'text' && Array.isArray(cells) ? packValues(cells) : cells;
  if ('codes' in repeated && isOnePage && paysOff(repeated, element)) {
    const values = value ? repeated.values.map(value) : repeated.values;
    return writeRepeated(writer, encoder, { codes: repeated.codes, values });
  }
  const numbers = cells instanceof Float64Array ? numbersOf(element, cells, missing) : undefined;
  // Numbers that are not in a dictionary seldom repeat.
  if (numbers && isOnePage) return writeChunk(writer, encoder, numbers);
  const each = { cells, ...(missing && { missing }) };
  const list = nothing(length);
  for (let row = 0; row < length; row++) {
    const cell = cellOf(each, row);
    list[row] = value ? value(cell) : cell;
  }
  const isOptional = element.repetition_type !== 'REQUIRED';
  return writeColumn({
    writer,
    column: encoder,
    pageData: {
      values: list,
      definitionLevels: isOptional ? levelsOf(list) : [],
      repetitionLevels: [],
      maxDefinitionLevel: isOptional ? 1 : 0,
    },
  }).chunk;
}

/** Whether values repeat so often that a dictionary of them is worth its bytes. */
function paysOff({ codes, values }: DictionaryColumn, { type }: SchemaElement): boolean {
  return type !== 'BOOLEAN' && 2 * values.length <= codes.length;
}

/**
 * A dictionary and the indices into it, taken from the cells as they are, without making a value
 * for each cell.
 */
function writeRepeated(
  writer: ByteWriter,
  column: ColumnEncoder,
  { codes, values }: DictionaryColumn,
): ColumnChunk {
  const there = values.filter((value) => !isMissing(value));
  const dictionary = unconvert(column.element, there);
  if (there.length === values.length) return writeChunk(writer, column, codes, dictionary);
  const places: (number | null)[] = [];
  let place = 0;
  for (const value of values) places.push(isMissing(value) ? null : place++);
  const list = nothing(codes.length);
  for (let row = 0; row < list.length; row++) list[row] = places[codes[row]!];
  return writeChunk(writer, column, list, dictionary);
}

/** Writes values, or their indices in a dictionary, without deciding the form for each one. */
function writeChunk(
  writer: ByteWriter,
  column: ColumnEncoder,
  values: DecodedArray,
  dictionary?: DecodedArray,
): ColumnChunk {
  const { element, codec } = column;
  const isOptional = element.repetition_type !== 'REQUIRED';
  const levels = levelsOf(values);
  if (!isOptional && levels.includes(0)) {
    throw new TypeError(`The column "${element.name}" lacks a value`);
  }
  const start = writer.offset;
  const head = dictionary ? writeDictionaryPage(writer, column, dictionary) : 0;
  const page = writer.offset;
  const body = writeDataPageV2({
    writer,
    column,
    encoding: dictionary ? 'RLE_DICTIONARY' : 'PLAIN',
    pageData: {
      values,
      definitionLevels: isOptional ? levels : [],
      repetitionLevels: [],
      maxDefinitionLevel: isOptional ? 1 : 0,
    },
  });
  return {
    file_offset: BigInt(start),
    meta_data: {
      type: element.type!,
      encodings: dictionary ? ['PLAIN', 'RLE_DICTIONARY'] : ['PLAIN'],
      path_in_schema: [element.name],
      codec,
      num_values: BigInt(values.length),
      total_compressed_size: BigInt(writer.offset - start),
      total_uncompressed_size: BigInt(head + body),
      data_page_offset: BigInt(page),
      ...(dictionary && { dictionary_page_offset: BigInt(start) }),
    },
  };
}

/** 1 for each value that is present. */
function levelsOf(values: DecodedArray): number[] {
  // Most columns of a file have the same number of values and none missing, so they share these
  // levels. Nobody changes them.
  if (allThere.length !== values.length) allThere = nothing<number>(values.length).fill(1);
  if (!Array.isArray(values)) return allThere;
  const levels = nothing<number>(values.length);
  for (let row = 0; row < levels.length; row++) levels[row] = isMissing(values[row]) ? 0 : 1;
  return levels;
}

let allThere: number[] = [];

/** `Array.from` takes ten times as long. */
function nothing<T = unknown>(length: number): T[] {
  const list: T[] = [];
  list.length = length;
  return list;
}

function isMissing(value: unknown): value is null | undefined {
  return value === null || value === undefined;
}

/** The numbers in the form of the file; undefined if its form differs. */
function numbersOf(
  { type, converted_type: converted, logical_type: logical }: SchemaElement,
  cells: Float64Array,
  missing: Uint8Array | undefined,
): DecodedArray | undefined {
  if (converted !== undefined || logical !== undefined) return undefined;
  if (type !== 'DOUBLE' && type !== 'FLOAT' && type !== 'INT32' && type !== 'INT64') {
    return undefined;
  }
  if (missing === undefined && type !== 'INT64') return cells;
  const numbers = nothing(cells.length);
  for (let row = 0; row < cells.length; row++) {
    const cell = cells[row]!;
    numbers[row] = missing?.[row] === 1 ? null : type === 'INT64' ? BigInt(cell) : cell;
  }
  return numbers;
}

/** How a cell is written; undefined for unchanged. */
function valueOf({ type, element }: OutputColumn): ((value: unknown) => unknown) | undefined {
  if (element?.type === 'INT64') {
    return (value) => (typeof value === 'number' ? BigInt(value) : value);
  }
  if (element || type === 'float') return undefined;
  return (value) => {
    if (value === null || value === undefined || typeof value === 'string') return value;
    return writeJson(value) ?? null;
  };
}
