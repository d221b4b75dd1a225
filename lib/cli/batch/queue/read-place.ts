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

/**
 * Reads the rows of a place.
 *
 * @param chunkRows Rows of all chunks but the last ones of files.
 * @param unpackedAt Where the bytes of files are that are packed as a whole.
 * @throws CommandError where the file has other rows there.
 */
export async function readPlace(
  place: ChunkPlace,
  chunkRows: number,
  names: ReadonlySet<string> | undefined,
  unpackedAt: (unpacked: Unpacked) => BytesOf | Promise<BytesOf>,
): Promise<Chunk> {
  const { files, first, rows, unpacked } = place;
  const file = files[0]!;
  const from = unpacked ? [{ ...file, ...(await unpackedAt(unpacked)) }] : files;
  for await (const read of chunksFrom({ ...place, files: from }, chunkRows, names)) {
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

function chunksFrom(
  place: ChunkPlace,
  chunkRows: number,
  names: ReadonlySet<string> | undefined,
): AsyncIterable<Chunk> | Iterable<Chunk> {
  const { files, first, rows, start = 0, end = Infinity } = place;
  const file = files[0]!;
  const all = { rows, wanted: () => true };
  if (file.format === 'item') {
    return Array.from(readItems(files, all), (chunk) => ({ ...chunk, first }));
  }
  if (file.format === 'parquet') {
    let number = 0;
    return readParquet(file, { rows: chunkRows, wanted: () => number++ === place.at }, names);
  }
  if (file.format === 'jsonl' || file.format === 'lines') {
    return readLines(file, all, { start, end, first });
  }
  const { head = 0, delimiter = ',', newline = '\n' } = place;
  return readDelimited(file, all, { head, start, end, first, delimiter, newline });
}
