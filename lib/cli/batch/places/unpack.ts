import { createWriteStream } from 'node:fs';
import { rename, stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { writeAside } from '../../../serving/store/durable.js';
import { isGzip, openFile } from '../../predict/read-stream.js';
import type { BatchFile } from '../files.js';

/** A file in a batch's folder with the bytes of a compressed one. */
export interface Unpacked {
  readonly number: number;
  readonly size: number;
  /** For an object of S3. */
  readonly etag?: string | undefined;
}

export function unpackedPath(folder: string, { number }: Pick<Unpacked, 'number'>): string {
  return `${folder}/unpacked-${number}`;
}

/** Whether a part of a file can be read only after the parts before it. */
export function isPacked({ path, format }: BatchFile): boolean {
  return format !== 'parquet' && format !== 'item' && isGzip(path);
}

/** Decompresses a file into a batch's folder, unless an earlier run has done so. */
export async function unpack(file: BatchFile, number: number, folder: string): Promise<Unpacked> {
  const path = unpackedPath(folder, { number });
  const known = await stat(path).catch(() => undefined);
  if (known) return { number, size: known.size };
  await writeAside(path, async (aside) => {
    const { content, close } = openFile(file);
    try {
      await pipeline(content, createWriteStream(aside, { flush: true }));
      await rename(aside, path);
    } finally {
      close();
    }
  });
  return { number, size: (await stat(path)).size };
}
