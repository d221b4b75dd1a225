import type { ByteWriter } from 'hyparquet-writer';
import type { writeColumn } from 'hyparquet-writer/src/column.js';
import { writePageHeader } from 'hyparquet-writer/src/datapage.js';

export type ColumnEncoder = Parameters<typeof writeColumn>[0]['column'];

/** The values of a page, encoded. */
export interface PageValues {
  readonly rows: number;
  /** 1 for each row that has a value; undefined where all have. */
  readonly present: Uint8Array | undefined;
  readonly encoding: 'PLAIN' | 'RLE_DICTIONARY';
  readonly body: Uint8Array;
}

/** Writes a page. @returns Its bytes before they were compressed. */
export function writePage(
  writer: ByteWriter,
  { element, codec, compressors }: ColumnEncoder,
  { rows, present, encoding, body }: PageValues,
): number {
  const levels =
    element.repetition_type === 'REQUIRED' ? new Uint8Array(0) : levelsOf(rows, present);
  const packed = compressors[codec]?.(body) ?? body;
  const start = writer.offset;
  writePageHeader(writer, {
    type: 'DATA_PAGE_V2',
    uncompressed_page_size: levels.length + body.length,
    compressed_page_size: levels.length + packed.length,
    data_page_header_v2: {
      num_values: rows,
      num_nulls: present ? present.reduce((sum, one) => sum - one, rows) : 0,
      num_rows: rows,
      encoding,
      definition_levels_byte_length: levels.length,
      repetition_levels_byte_length: 0,
      is_compressed: true,
    },
  });
  const head = writer.offset - start;
  writer.appendBytes(levels);
  writer.appendBytes(packed);
  return head + levels.length + body.length;
}

/**
 * Places in a dictionary of so many values, as a page has them. The library's function takes ten
 * times as long, as it appends byte by byte.
 */
export function packPlaces(places: Int32Array, size: number): Uint8Array {
  const width = Math.ceil(Math.log2(Math.max(1, size)));
  // A run of the one value has no bytes for it.
  if (width === 0) return Uint8Array.of(0, ...varint(places.length * 2));
  return joined(Uint8Array.of(width), packBits(places, width));
}

function levelsOf(rows: number, present: Uint8Array | undefined): Uint8Array {
  return present ? packBits(present, 1) : Uint8Array.of(...varint(rows * 2), 1);
}

/** A run of values of so many bits each, at most 24. */
function packBits(values: ArrayLike<number>, width: number): Uint8Array {
  const groups = Math.ceil(values.length / 8);
  const head = varint(groups * 2 + 1);
  const bytes = new Uint8Array(head.length + groups * width);
  bytes.set(head);
  let at = head.length;
  let buffer = 0;
  let bits = 0;
  for (let i = 0; i < values.length; i++) {
    buffer |= values[i]! << bits;
    for (bits += width; bits >= 8; bits -= 8) {
      bytes[at++] = buffer & 255;
      buffer >>>= 8;
    }
  }
  if (bits > 0) bytes[at] = buffer;
  return bytes;
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  for (; value > 127; value >>>= 7) bytes.push((value & 127) | 128);
  return [...bytes, value];
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(first.length + second.length);
  bytes.set(first);
  bytes.set(second, first.length);
  return bytes;
}
