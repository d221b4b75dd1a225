import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { VtsError } from '../../../learner/errors/index.js';
import type { BytesOf } from '../../predict/read-stream.js';
import { addressOf, isS3 } from '../../s3/address.js';
import { ObjectNotFoundError } from '../../s3/errors.js';
import { errorsName, putChunk, rowsName } from '../work-folder.js';
import { QueuePayloadError } from './check.js';
import { MARK } from './names.js';
import { unpackedPath, type Unpacked } from '../places/unpack.js';

/** A file has changed since the batch began. */
export class InputChangedError extends VtsError {
  constructor(path: string) {
    super(`The file ${path} has changed since the batch began. Begin again with --restart.`);
  }
}

/** No coordinator waits for a chunk any longer. */
export class BatchOverError extends VtsError {
  constructor(batch: string) {
    super(`The batch ${batch} has ended. Remove its remaining jobs from the queue.`);
  }
}

/** Where workers put the chunks of a batch: a folder that all machines mount, or keys on S3. */
export interface ChunkFolder {
  /** Whether its marker file belongs to the batch. @throws The errors of S3. */
  isThere(): Promise<boolean>;
  /**
   * Writes a chunk: its errors first, because the file of its rows marks it as finished.
   * @throws BatchOverError
   */
  put(chunk: number, errors: string, writeRows: (path: string) => Promise<void>): Promise<void>;
  /**
   * The bytes of a decompressed file.
   *
   * @throws InputChangedError, QueuePayloadError
   */
  unpacked(unpacked: Unpacked): Promise<BytesOf>;
}

/** The content of a marker file. */
export function markOf(id: string): string {
  return JSON.stringify({ id });
}

/** The keys of chunks have their own prefix, so that a list contains only them. */
export function chunkKeys(folder: string): string {
  return `${folder}/chunks/`;
}

export function chunkFolder(path: string, batch: string): ChunkFolder {
  return isS3(path) ? keysOf(path, batch) : folderOf(path, batch);
}

function folderOf(path: string, batch: string): ChunkFolder {
  return {
    isThere: async () => {
      const mark = await readFile(join(path, MARK), 'utf8').catch(() => undefined);
      return mark === markOf(batch);
    },
    put: (chunk, errors, write) => putChunk(path, chunk, errors, write),
    unpacked: async (unpacked) => {
      const file = unpackedPath(path, unpacked);
      const found = await stat(file).catch(() => undefined);
      if (found?.size !== unpacked.size) throw new InputChangedError(file);
      return { path: file };
    },
  };
}

const MOST_MARK = 1000;

function keysOf(path: string, batch: string): ChunkFolder {
  const isThere = async (): Promise<boolean> => {
    const { readBytes } = await import('../../s3/read.js');
    try {
      const mark = await readBytes({ path: `${path}/${MARK}` }, 0, Infinity, MOST_MARK);
      return mark.toString() === markOf(batch);
    } catch (error) {
      if (error instanceof ObjectNotFoundError || error instanceof RangeError) return false;
      throw error;
    }
  };
  return {
    isThere,
    put: async (chunk, errors, write) => {
      const { putObject } = await import('../../s3/write.js');
      const keys = chunkKeys(path);
      const aside = await mkdtemp(join(tmpdir(), 'vts-chunk-'));
      try {
        const rows = join(aside, rowsName(chunk));
        await write(rows);
        // A deleted folder does not accept files, but keys on S3 would remain.
        if (!(await isThere())) throw new BatchOverError(batch);
        if (errors !== '') {
          await putObject(addressOf(keys + errorsName(chunk)), Buffer.from(errors));
        }
        await putObject(addressOf(keys + rowsName(chunk)), await readFile(rows));
      } finally {
        await rm(aside, { recursive: true, force: true });
      }
    },
    unpacked: async (unpacked) => {
      const { size, etag } = unpacked;
      if (etag !== undefined) return { path: unpackedPath(path, unpacked), size, etag };
      throw new QueuePayloadError('chunk.place.unpacked.etag', 'there');
    },
  };
}
