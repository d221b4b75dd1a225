import type { BytesOf } from '../../predict/read-stream.js';
import type { BatchFile } from '../files.js';
import { readItems } from '../read-items.js';
import { readParquet } from '../read-parquet.js';
import type { RowFilter } from '../where/row-filter.js';
import type { ChunkPlace } from './place.js';
import { readPlace } from './read-place.js';
import { splitDelimited } from './split-delimited.js';
import { splitLines } from './split-lines.js';
import { isPacked, unpack, unpackedPath, type Unpacked } from './unpack.js';

export interface SplitOptions {
  /** How many rows a chunk has. */
  readonly rows: number;
  readonly limit: number;
  /** The condition for rows that count towards the limit; undefined for all. */
  readonly where?: RowFilter | undefined;
  /** The folder for decompressed files, which workers read. */
  readonly folder: string;
  /** Makes a decompressed file available to workers that do not share the folder. */
  readonly share?: ((unpacked: Unpacked) => Promise<Unpacked>) | undefined;
}

/** The places of all chunks, in order: the same chunks that one process makes. */
export async function* splitFiles(
  files: readonly BatchFile[],
  options: SplitOptions,
): AsyncGenerator<ChunkPlace> {
  let left = options.limit;
  for await (const place of placesOf(files, options)) {
    const rows = await rowsOf(place, options);
    yield { ...place, take: Math.min(rows, left) };
    left -= rows;
    if (left <= 0) return;
  }
}

export type WholePlace = Omit<ChunkPlace, 'take'>;

async function* placesOf(
  files: readonly BatchFile[],
  { rows, folder, share = async (each) => each }: SplitOptions,
): AsyncGenerator<WholePlace> {
  for (let at = 0; at < files.length;) {
    const file = files[at]!;
    if (file.format === 'item') {
      const end = files.findIndex(({ format }, i) => i > at && format !== 'item');
      const items = files.slice(at, end < 0 ? files.length : end);
      let before = 0;
      for (const { first, rows: some, bytes } of readItems(items, { rows, wanted: () => false })) {
        yield { files: items.slice(first, first + some), first, rows: some, bytes: bytes - before };
        before = bytes;
      }
      at += items.length;
      continue;
    }
    const unpacked = isPacked(file) ? await share(await unpack(file, at, folder)) : undefined;
    at++;
    if (file.format === 'parquet') {
      let number = 0;
      let before = 0;
      for await (const chunk of readParquet(file, { rows, wanted: () => false })) {
        const { first, rows: some, bytes } = chunk;
        yield { files: [file], first, rows: some, at: number++, bytes: bytes - before };
        before = bytes;
      }
    } else if (unpacked) {
      const bytes = { ...file, path: unpackedPath(folder, unpacked), size: unpacked.size };
      const ratio = file.size / Math.max(1, unpacked.size);
      for await (const place of splitText(bytes, rows)) {
        yield { ...place, files: [file], unpacked, bytes: ratio * place.bytes };
      }
    } else yield* splitText(file, rows);
  }
}

function splitText(file: BatchFile, rows: number): AsyncGenerator<WholePlace> {
  return file.format === 'jsonl' || file.format === 'lines'
    ? splitLines(file, rows)
    : splitDelimited(file, rows);
}

/**
 * How many rows of a place count towards the limit. The rows are read only if a condition decides.
 */
async function rowsOf(
  place: WholePlace,
  { rows, limit, where, folder }: SplitOptions,
): Promise<number> {
  if (!where || limit === Infinity) return place.rows;
  const whole = { ...place, take: place.rows };
  const unpackedAt = (unpacked: Unpacked): BytesOf => ({ path: unpackedPath(folder, unpacked) });
  return where.apply(await readPlace(whole, rows, where.names, unpackedAt)).rows;
}
