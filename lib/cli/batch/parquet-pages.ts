import type { ColumnMetaData, Compressors, DecodedArray, PageHeader, SchemaTree } from 'hyparquet';
import { parquetHeader, readPage } from 'hyparquet/src/column.js';
import { convert, DEFAULT_PARSERS } from 'hyparquet/src/convert.js';
import { decompressPage, readDataPage, readDataPageV2 } from 'hyparquet/src/datapage.js';
import { plain } from '../../nest/io/data-frame/parquet.js';
import type { FileBytes } from './file-bytes.js';

type DataReader = Parameters<typeof readPage>[0];
type ColumnDecoder = Parameters<typeof readPage>[2];

/** Larger headers and pages are not read: a file of a few bytes can announce any size. */
const MOST_HEADER_BYTES = 8 * 1024 * 1024;
const MOST_PAGE_BYTES = 128 * 1024 * 1024;
const MOST_PAGE_ROWS = 16 * 1024 * 1024;
/** The size of most headers. */
const HEADER_BYTES = 16 * 1024;

/** The metadata of a column in a row group. */
export interface PagedColumn {
  readonly metadata: ColumnMetaData;
  /** The schema's root, and the column. */
  readonly path: readonly [SchemaTree, SchemaTree];
  readonly compressors: Compressors;
  /** How many bytes are read at a time. */
  readonly blockBytes: number;
}

/** The cells of a page: values, or their indices in a dictionary. -1 is a missing value. */
export interface Page {
  readonly cells: DecodedArray;
  readonly dictionary: readonly unknown[] | undefined;
}

/** The cells of a page, starting with `from`. */
export interface PagePart {
  readonly page: Page;
  readonly from: number;
  readonly count: number;
}

const NO_PAGE: Page = { cells: [], dictionary: undefined };

/** The cells of a flat column in one row group, with one page in memory at a time. */
export class ColumnPages {
  readonly #end: number;
  #offset: number;
  #block = { start: 0, bytes: new Uint8Array(0) };
  #dictionary: { readonly read: DecodedArray; readonly values: readonly unknown[] } | undefined;
  #page = NO_PAGE;
  /** The index of the next row in the page; after its end if rows are skipped. */
  #at = 0;

  constructor(
    private readonly source: FileBytes,
    private readonly column: PagedColumn,
  ) {
    const { dictionary_page_offset: dictionary, data_page_offset: data } = column.metadata;
    this.#offset = Number(dictionary || data);
    this.#end = this.#offset + Number(column.metadata.total_compressed_size);
  }

  /** Skips rows; pages with only skipped rows are not decoded. */
  skip(rows: number): void {
    this.#at += rows;
  }

  /** Reads the next rows: parts of pages, in order. */
  async take(rows: number): Promise<PagePart[]> {
    const parts: PagePart[] = [];
    for (let done = 0; done < rows;) {
      if (this.#at >= this.#page.cells.length) await this.#nextPage();
      const count = Math.min(this.#page.cells.length - this.#at, rows - done);
      if (count <= 0) continue;
      parts.push({ page: this.#page, from: this.#at, count });
      this.#at += count;
      done += count;
    }
    return parts;
  }

  async #nextPage(): Promise<void> {
    const left = this.#at - this.#page.cells.length;
    if (this.#offset >= this.#end) throw new RangeError('a column ends before its row group');
    const header = await this.#readHeader();
    const size = header.compressed_page_size;
    if (!(size >= 0 && size <= MOST_PAGE_BYTES && this.#offset + size <= this.#end)) {
      throw new RangeError(`a page of ${size} bytes`);
    }
    const rows = rowsOf(header);
    if (!(rows >= 0 && rows <= MOST_PAGE_ROWS)) throw new RangeError(`a page of ${rows} rows`);
    this.#page = NO_PAGE;
    this.#at = left;
    const start = this.#offset;
    this.#offset += size;
    if (header.type === 'DATA_PAGE' || header.type === 'DATA_PAGE_V2') {
      if (rows <= left) {
        this.#at -= rows;
        return;
      }
      this.#page = this.#decode(header, await this.#bytesAt(start, size));
    } else if (header.type === 'DICTIONARY_PAGE') {
      const bytes = await this.#bytesAt(start, size);
      const decoder = this.#decoder();
      const { data = [] } = readPage(readerOf(bytes), header, decoder, undefined, undefined, 0);
      const read = convert(data, decoder);
      this.#dictionary = { read, values: Array.from(read as ArrayLike<unknown>, plain) };
    }
  }

  #decode(header: PageHeader, bytes: Uint8Array): Page {
    const decoder = this.#decoder();
    const { data_page_header: first, data_page_header_v2: second } = header;
    const encoding = second?.encoding ?? first?.encoding;
    if (this.#dictionary === undefined || !encoding?.endsWith('_DICTIONARY')) {
      const reader = readerOf(bytes);
      const { data } = readPage(reader, header, decoder, this.#dictionary?.read, undefined, 0);
      return { cells: data ?? [], dictionary: undefined };
    }
    const { codec, compressors } = decoder;
    const { definitionLevels, dataPage } = second
      ? readDataPageV2(bytes, header, decoder)
      : readDataPage(
          decompressPage(bytes, header.uncompressed_page_size, codec, compressors),
          first!,
          decoder,
        );
    const { values } = this.#dictionary;
    return { cells: codesOf(dataPage, definitionLevels, values.length), dictionary: values };
  }

  #decoder(): ColumnDecoder {
    const { metadata, path, compressors } = this.column;
    return {
      pathInSchema: metadata.path_in_schema,
      type: metadata.type,
      element: path[1].element,
      schemaPath: [...path],
      codec: metadata.codec,
      parsers: DEFAULT_PARSERS,
      compressors,
    };
  }

  async #readHeader(): Promise<PageHeader> {
    for (let length = HEADER_BYTES; ; length = MOST_HEADER_BYTES) {
      const bytes = await this.#bytesAt(this.#offset, Math.min(length, this.#end - this.#offset));
      const reader = readerOf(bytes);
      try {
        const header = parquetHeader(reader);
        this.#offset += reader.offset;
        return header;
      } catch (error) {
        const whole = this.#offset + bytes.length >= this.#end;
        if (!(error instanceof RangeError) || whole || length === MOST_HEADER_BYTES) throw error;
      }
    }
  }

  async #bytesAt(offset: number, length: number): Promise<Uint8Array> {
    let from = offset - this.#block.start;
    if (from < 0 || from + length > this.#block.bytes.length) {
      const end = Math.min(this.#end, offset + Math.max(length, this.column.blockBytes));
      this.#block = { start: offset, bytes: new Uint8Array(await this.source.slice(offset, end)) };
      from = 0;
    }
    const bytes = this.#block.bytes.subarray(from, from + length);
    if (bytes.length < length) throw new RangeError('a column ends after the end of the file');
    return bytes;
  }
}

function rowsOf(header: PageHeader): number {
  const { data_page_header: first, data_page_header_v2: second } = header;
  return second?.num_rows ?? first?.num_values ?? header.dictionary_page_header?.num_values ?? 0;
}

/** Indices in a dictionary of that many values, by row. */
function codesOf(
  read: ArrayLike<unknown>,
  levels: ArrayLike<number> | undefined,
  size: number,
): Int32Array {
  const rows = levels?.length || read.length;
  const codes = new Int32Array(rows);
  let at = 0;
  for (let row = 0; row < rows; row++) {
    if (levels?.[row] === 0) codes[row] = -1;
    else {
      const code = read[at++] as number;
      if (!(code < size)) throw new RangeError('a value that its dictionary lacks');
      codes[row] = code;
    }
  }
  return codes;
}

function readerOf(bytes: Uint8Array): DataReader {
  const view = new DataView(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength);
  return { view, offset: 0 };
}
