import { CommandError } from '../../errors.js';
import type { BytesOf } from '../../predict/read-stream.js';
import type { Chunk } from '../chunk.js';
import { withPartition } from '../read-chunks.js';
import { readDelimited } from '../read-delimited.js';
import { readItems } from '../read-items.js';
import { readLines } from '../read-lines.js';
import { readParquet } from '../read-parquet.js';
import type { ChunkPlace } from './place.js';
import type { Unpacked } from './unpack.js';

/** Where the bytes of compressed files are. */
type UnpackedAt = (unpacked: Unpacked) => BytesOf | Promise<BytesOf>;

/**
 * Reads the rows of a place.
 *
 * @param chunkRows The number of rows in each chunk, except for the last chunk of a file.
 * @throws CommandError if the file has other rows there.
 */
export async function readPlace(
  place: ChunkPlace,
  chunkRows: number,
  names: ReadonlySet<string> | undefined,
  unpackedAt: UnpackedAt,
): Promise<Chunk> {
  const reader = new PlaceReader();
  try {
    return await reader.read(place, chunkRows, names, unpackedAt);
  } finally {
    await reader.close();
  }
}

interface OpenFile {
  readonly key: string;
  readonly chunks: AsyncGenerator<Chunk>;
  /** The number of the wanted chunk, and of the chunk that comes next. */
  wanted: number;
  next: number;
}

/** Reads places. A Parquet place that follows the last one continues where that ended. */
export class PlaceReader {
  #open: OpenFile | undefined;

  /** As `readPlace` does. */
  async read(
    place: ChunkPlace,
    chunkRows: number,
    names: ReadonlySet<string> | undefined,
    unpackedAt: UnpackedAt,
  ): Promise<Chunk> {
    const { files, first, rows, unpacked } = place;
    const file = files[0]!;
    const from = unpacked ? [{ ...file, ...(await unpackedAt(unpacked)) }] : files;
    const chunks =
      file.format === 'parquet'
        ? await this.#of(place, chunkRows, names)
        : chunksFrom({ ...place, files: from });
    for await (const read of chunks) {
      const chunk = unpacked ? { ...read, file } : read;
      if (chunk.first !== first) continue;
      if (chunk.rows !== rows) break;
      return { ...chunk, columns: withPartition(chunk) };
    }
    throw new CommandError(
      `The file ${file.path} does not have ${rows} rows from row ${first + 1} on`,
      'Begin again with --restart if it was changed',
    );
  }

  async close(): Promise<void> {
    const { chunks } = this.#open ?? {};
    this.#open = undefined;
    await chunks?.return(undefined);
  }

  /** The chunk of a Parquet file; undefined if the file has fewer chunks. */
  async #of(
    { files, at = 0 }: ChunkPlace,
    chunkRows: number,
    names: ReadonlySet<string> | undefined,
  ): Promise<Chunk[]> {
    const { path, size, mtimeMs, etag } = files[0]!;
    const key = JSON.stringify([path, size, mtimeMs, etag, chunkRows, names && [...names]]);
    if (this.#open?.key !== key || this.#open.next > at) {
      await this.close();
      const wanted = (): boolean => open.next === open.wanted;
      const chunks = readParquet(files[0]!, { rows: chunkRows, wanted }, names);
      const open: OpenFile = { key, chunks, wanted: at, next: 0 };
      this.#open = open;
    }
    const open = this.#open;
    open.wanted = at;
    try {
      for (; open.next < at; open.next++) await open.chunks.next();
      const { value, done } = await open.chunks.next();
      open.next++;
      return done === true ? [] : [value];
    } catch (error) {
      await this.close();
      throw error;
    }
  }
}

function chunksFrom(place: ChunkPlace): AsyncIterable<Chunk> | Iterable<Chunk> {
  const { files, first, rows, start = 0, end = Infinity } = place;
  const file = files[0]!;
  const all = { rows, wanted: () => true };
  if (file.format === 'item') {
    return Array.from(readItems(files, all), (chunk) => ({ ...chunk, first }));
  }
  if (file.format === 'jsonl' || file.format === 'lines') {
    return readLines(file, all, { start, end, first });
  }
  const { head = 0, delimiter = ',', newline = '\n' } = place;
  return readDelimited(file, all, { head, start, end, first, delimiter, newline });
}
