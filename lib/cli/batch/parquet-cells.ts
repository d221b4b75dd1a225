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
import { numbersOf } from './parquet-numbers.js';
import { packPlaces, writePage, type ColumnEncoder, type PageValues } from './parquet-page.js';

const PAGE_BYTES = 1024 * 1024;
const SAMPLE_BYTES = 4096;
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
  const { element } = column;
  const codec = packs(page, column) ? column.codec : 'UNCOMPRESSED';
  if (page.present && element.repetition_type === 'REQUIRED') {
    throw new TypeError(`The column "${element.name}" lacks a value`);
  }
  const start = writer.offset;
  const head = dictionary ? writeDictionaryPage(writer, { ...column, codec }, dictionary) : 0;
  const pages = writer.offset;
  const bytes = head + writePage(writer, { ...column, codec }, page);
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

/** Whether compression pays, as a part of the bytes shows: it does not for most probabilities. */
function packs(
  { encoding, body }: PageValues,
  { element, codec, compressors }: ColumnEncoder,
): boolean {
  if (encoding !== 'PLAIN' || element.type !== 'FLOAT') return true;
  const part = body.subarray(0, SAMPLE_BYTES);
  return (compressors[codec]?.(part) ?? part).length < 0.9 * part.length;
}

function isMissing(value: unknown): value is null | undefined {
  return value === null || value === undefined;
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
