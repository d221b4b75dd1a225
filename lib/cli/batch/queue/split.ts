import { CommandError } from '../../errors.js';
import { isGzip } from '../../predict/read-stream.js';
import type { BatchFile } from '../files.js';
import { readItems } from '../read-items.js';
import { readParquet } from '../read-parquet.js';
import type { ChunkPlace } from './place.js';
import { splitDelimited } from './split-delimited.js';
import { splitLines } from './split-lines.js';

/** The places of all chunks, in order: the same chunks that one process makes. */
export async function* splitFiles(
  files: readonly BatchFile[],
  rows: number,
  limit: number,
): AsyncGenerator<ChunkPlace> {
  let left = limit;
  for await (const place of placesOf(files, rows)) {
    yield { ...place, take: Math.min(place.rows, left) };
    left -= place.rows;
    if (left <= 0) return;
  }
}

export type WholePlace = Omit<ChunkPlace, 'take'>;

async function* placesOf(files: readonly BatchFile[], rows: number): AsyncGenerator<WholePlace> {
  for (let at = 0; at < files.length;) {
    const file = files[at]!;
    if (file.format === 'item') {
      const end = files.findIndex(({ format }, i) => i > at && format !== 'item');
      const items = files.slice(at, end < 0 ? files.length : end);
      for (const { first, rows: some } of readItems(items, { rows, wanted: () => false })) {
        yield { files: items.slice(first, first + some), first, rows: some };
      }
      at += items.length;
      continue;
    }
    at++;
    if (isGzip(file.path)) {
      throw new CommandError(
        `The file ${file.path} is compressed as a whole, so it cannot be divided among workers`,
        'Unpack it, or write Parquet',
      );
    }
    if (file.format === 'parquet') {
      let number = 0;
      for await (const { first, rows: some } of readParquet(file, { rows, wanted: () => false })) {
        yield { files: [file], first, rows: some, at: number++ };
      }
    } else if (file.format === 'jsonl' || file.format === 'lines') yield* splitLines(file, rows);
    else yield* splitDelimited(file, rows);
  }
}
