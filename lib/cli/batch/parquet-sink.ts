import type { FileHandle } from 'node:fs/promises';
import { parquetMetadata, type FileMetaData, type RowGroup, type SchemaElement } from 'hyparquet';
import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import { openBytes, type FileBytes } from './file-bytes.js';
import type { OutputColumn } from './layout.js';
import { writeCells } from './parquet-cells.js';
import { columnsOf, written, type Sink } from './sink.js';

/** `PAR1` at the beginning; the length of the metadata and `PAR1` at the end. */
const HEAD_BYTES = 4;
const TAIL_BYTES = 8;
const COPIED_BYTES = 1024 * 1024;

/** A chunk is a separate file, whose row groups are copied unchanged into the output. */
export const PARQUET: Sink = {
  encode: (layout, { rows, columns }) => {
    const writer = new ByteWriter();
    const file = writerOf(writer, columnsOf(layout));
    if (rows > 0) {
      const start = writer.offset;
      const chunks = columnsOf(layout).map((column, at) => {
        return writeCells(writer, elementOf(column), column, columns[at]!);
      });
      file.row_groups.push({
        columns: chunks,
        total_byte_size: chunks.reduce(
          (sum, { meta_data: data }) => sum + (data?.total_uncompressed_size ?? 0n),
          0n,
        ),
        num_rows: BigInt(rows),
        total_compressed_size: BigInt(writer.offset - start),
      });
      file.num_rows += BigInt(rows);
    }
    void file.finish();
    return writer.getBytes();
  },
  rowsIn: async (path) => {
    const file = await openBytes({ path });
    try {
      return Number((await tailOf(file)).metadata.num_rows);
    } finally {
      await file.close();
    }
  },
  merge: (path, layout, parts) =>
    written(path, async (out) => {
      const writer = new PartWriter();
      const file = writerOf(writer, columnsOf(layout));
      await writer.drain(out);
      for (const path of parts) {
        const part = await openBytes({ path });
        try {
          const { metadata, end } = await tailOf(part);
          const by = BigInt(writer.offset - HEAD_BYTES);
          for (const group of metadata.row_groups) file.row_groups.push(moved(group, by));
          file.num_rows += metadata.num_rows;
          for (let at = HEAD_BYTES; at < end; at += COPIED_BYTES) {
            await out.write(new Uint8Array(await part.slice(at, Math.min(end, at + COPIED_BYTES))));
          }
          writer.offset += end - HEAD_BYTES;
        } finally {
          await part.close();
        }
      }
      void file.finish();
      await writer.drain(out);
    }),
};

/** The metadata of a file, and its offset. */
async function tailOf(part: FileBytes): Promise<{ metadata: FileMetaData; end: number }> {
  const { byteLength } = part;
  const tail = new DataView(await part.slice(byteLength - TAIL_BYTES));
  const end = byteLength - TAIL_BYTES - tail.getUint32(0, true);
  return { metadata: parquetMetadata(await part.slice(end)), end };
}

/** A writer that hands over its bytes and keeps counting. */
class PartWriter extends ByteWriter {
  async drain(out: FileHandle): Promise<void> {
    await out.write(this.getBytes());
    this.index = 0;
  }
}

function writerOf(writer: ByteWriter, columns: readonly OutputColumn[]): ParquetWriter {
  const schema = [{ name: 'schema', num_children: columns.length }, ...columns.map(elementOf)];
  return new ParquetWriter({ writer, schema, createdBy: 'nestjs-vts', statistics: false });
}

function elementOf({ name, type, element }: OutputColumn): SchemaElement {
  if (element) return element;
  return type === 'float'
    ? { name, type: 'FLOAT', repetition_type: 'OPTIONAL' }
    : { name, type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL' };
}

function moved(group: RowGroup, by: bigint): RowGroup {
  const shift = (offset: bigint | undefined): bigint | undefined =>
    offset === undefined ? undefined : offset + by;
  const columns = group.columns.map((column) => {
    const { meta_data: data } = column;
    if (!data) return column;
    return {
      ...column,
      file_offset: column.file_offset === 0n ? 0n : column.file_offset + by,
      meta_data: {
        ...data,
        data_page_offset: data.data_page_offset + by,
        index_page_offset: shift(data.index_page_offset),
        dictionary_page_offset: shift(data.dictionary_page_offset),
      },
    };
  });
  const offset = shift(group.file_offset);
  return { ...group, columns, ...(offset !== undefined && { file_offset: offset }) } as RowGroup;
}
