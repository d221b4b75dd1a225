import type { ColumnChunk, DecodedArray, SchemaElement } from 'hyparquet';
import type { ByteWriter } from 'hyparquet-writer';
import { writeColumn } from 'hyparquet-writer/src/column.js';
import { writeDictionaryPage } from 'hyparquet-writer/src/dictionary.js';
import { snappyCompress } from 'hyparquet-writer/src/snappy.js';
import { unconvert } from 'hyparquet-writer/src/unconvert.js';
import { packValues } from '../../learner/fastai/tabular/packed-frame.js';
import type { DictionaryColumn } from '../../learner/fastai/tabular/table.js';
import { writeJson } from '../../nest/io/json/write-json.js';
import { cellOf, lengthOf, type BatchColumn } from './chunk.js';
import type { OutputColumn } from './layout.js';
import { packPlaces, writePage, type ColumnEncoder, type PageValues } from './parquet-page.js';

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
  const length = lengthOf(cells);
  const isOnePage = length <= MOST_PAGE_ROWS;
  const repeated = column.type === 'text' && Array.isArray(cells) ? packValues(cells) : cells;
  if ('codes' in repeated && isOnePage && paysOff(repeated, element)) {
    const values = value ? repeated.values.map(value) : repeated.values;
    return writeRepeated(writer, encoder, { codes: repeated.codes, values });
  }
  const areNumbers = cells instanceof Float64Array || cells instanceof Float32Array;
  const numbers = areNumbers ? numbersOf(element, cells, missing) : undefined;
  if (numbers && isOnePage) return writeChunk(writer, encoder, ...numbers);
  const each = { cells, ...(missing && { missing }) };
  const list: unknown[] = [];
  for (let row = 0; row < length; row++) {
    const cell = cellOf(each, row);
    list.push(value ? value(cell) : cell);
  }
  const isOptional = element.repetition_type !== 'REQUIRED';
  return writeColumn({
    writer,
    column: encoder,
    pageData: {
      values: list,
      definitionLevels: isOptional ? list.map((cell) => (isMissing(cell) ? 0 : 1)) : [],
      repetitionLevels: [],
      maxDefinitionLevel: isOptional ? 1 : 0,
    },
  }).chunk;
}

/** Whether values repeat so often that a dictionary of them is worth its bytes. */
function paysOff({ codes, values }: DictionaryColumn, { type }: SchemaElement): boolean {
  if (type === 'BOOLEAN' || 2 * values.length > codes.length) return false;
  return values.some((value) => !isMissing(value));
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
  let next = 0;
  const places = Int32Array.from(values, (value) => (isMissing(value) ? -1 : next++));
  const present = there.length < values.length ? new Uint8Array(codes.length) : undefined;
  const found = present ? new Int32Array(codes.length) : codes;
  let count = present ? 0 : codes.length;
  for (let row = 0; present && row < codes.length; row++) {
    const place = places[codes[row]!]!;
    if (place < 0) continue;
    present[row] = 1;
    found[count++] = place;
  }
  const body = packPlaces(found.subarray(0, count), there.length);
  const page = { rows: codes.length, present, encoding: 'RLE_DICTIONARY', body } as const;
  return writeChunk(writer, column, page, dictionary);
}

function writeChunk(
  writer: ByteWriter,
  column: ColumnEncoder,
  page: PageValues,
  dictionary?: DecodedArray,
): ColumnChunk {
  const { element, codec } = column;
  if (page.present && element.repetition_type === 'REQUIRED') {
    throw new TypeError(`The column "${element.name}" lacks a value`);
  }
  const start = writer.offset;
  const head = dictionary ? writeDictionaryPage(writer, column, dictionary) : 0;
  const pages = writer.offset;
  const bytes = head + writePage(writer, column, page);
  return {
    file_offset: BigInt(start),
    meta_data: {
      type: element.type!,
      encodings: dictionary ? ['PLAIN', 'RLE_DICTIONARY'] : ['PLAIN'],
      path_in_schema: [element.name],
      codec,
      num_values: BigInt(page.rows),
      total_compressed_size: BigInt(writer.offset - start),
      total_uncompressed_size: BigInt(bytes),
      data_page_offset: BigInt(pages),
      ...(dictionary && { dictionary_page_offset: BigInt(start) }),
    },
  };
}

function isMissing(value: unknown): value is null | undefined {
  return value === null || value === undefined;
}

/** Numbers as a page has them, and their dictionary; undefined for a column of others. */
function numbersOf(
  { type, converted_type: converted, logical_type: logical }: SchemaElement,
  cells: Float64Array | Float32Array,
  missing: Uint8Array | undefined,
): [page: PageValues, dictionary?: DecodedArray] | undefined {
  if (converted !== undefined || logical !== undefined) return undefined;
  const rows = cells.length;
  const present = missing?.map((one) => 1 - one);
  const values = missing ? cells.filter((_, row) => missing[row] !== 1) : cells;
  const floats = type === 'FLOAT' ? new Float32Array(values) : undefined;
  const repeated = floats && repeatedIn(floats);
  if (repeated) {
    const body = packPlaces(repeated.codes, repeated.values.length);
    return [{ rows, present, encoding: 'RLE_DICTIONARY', body }, repeated.values];
  }
  const body = floats ? bytesOf(floats) : plainBytes(type, values);
  return body && [{ rows, present, encoding: 'PLAIN', body }];
}

/**
 * The different numbers, by their bits; undefined where they are many. A map of numbers takes
 * several times as long.
 */
function repeatedIn(
  numbers: Float32Array,
): { readonly codes: Int32Array; readonly values: Float32Array } | undefined {
  const most = numbers.length >> 2;
  const bits = new Int32Array(numbers.buffer, numbers.byteOffset, numbers.length);
  const width = 33 - Math.clz32(most);
  /** One more than the places of numbers, by the hashes of these; 0 for none. */
  const places = new Int32Array(1 << width);
  const values = new Float32Array(most);
  const found = new Int32Array(values.buffer);
  const codes = new Int32Array(numbers.length);
  let count = 0;
  for (let row = 0; row < bits.length; row++) {
    const number = bits[row]!;
    let slot = Math.imul(number, 0x9e3779b1) >>> (32 - width);
    while (places[slot]! > 0 && found[places[slot]! - 1] !== number) {
      slot = (slot + 1) & (places.length - 1);
    }
    if (places[slot] === 0) {
      if (count === most) return undefined;
      found[count] = number;
      places[slot] = ++count;
    }
    codes[row] = places[slot]! - 1;
  }
  return { codes, values: values.subarray(0, count) };
}

function plainBytes(
  type: SchemaElement['type'],
  values: Float64Array | Float32Array,
): Uint8Array | undefined {
  if (type === 'DOUBLE') return bytesOf(new Float64Array(values));
  if (type !== 'INT32' && type !== 'INT64') return undefined;
  const numbers = type === 'INT32' ? new Int32Array(values) : new Int32Array(2 * values.length);
  for (let at = 0; at < values.length; at++) {
    const value = values[at]!;
    // Whole numbers that a double does not hold are no numbers here.
    if (!Number.isSafeInteger(value)) return undefined;
    if (type === 'INT32') {
      if (numbers[at] !== value) return undefined;
      continue;
    }
    const high = Math.floor(value / 2 ** 32);
    numbers[2 * at] = value - high * 2 ** 32;
    numbers[2 * at + 1] = high;
  }
  return bytesOf(numbers);
}

/** As they are in memory: in the order of bytes that Parquet has, on all that onnxruntime runs on. */
function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
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
