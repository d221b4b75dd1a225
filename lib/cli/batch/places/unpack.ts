import { createWriteStream } from 'node:fs';
import { rename, stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { writeAside } from '../../../serving/store/durable.js';
import { isGzip, openFile } from '../../predict/read-stream.js';
import type { BatchFile } from '../files.js';

/** A file of a batch's folder that has the bytes of one that is packed as a whole. */
export interface Unpacked {
  readonly number: number;
  readonly size: number;
  /** Of an object of S3. */
  readonly etag?: string | undefined;
}

export function unpackedPath(folder: string, { number }: Pick<Unpacked, 'number'>): string {
  return `${folder}/unpacked-${number}`;
}

/** Whether parts of a file cannot be read without what is before them. */
export function isPacked({ path, format }: BatchFile): boolean {
  return format !== 'parquet' && format !== 'item' && isGzip(path);
}

/** Unpacks a file into a batch's folder, where an earlier run has not. */
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
