import { createReadStream } from 'node:fs';
import { PassThrough, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { CommandError } from '../errors.js';
import { isS3 } from '../s3/address.js';
import type { KnownObject } from '../s3/read.js';

/** A local file, which has only a path, or an S3 object as it was found. */
export type BytesOf = KnownObject;

/** A file that is read from beginning to end, or a part of it. */
export interface OpenFile {
  /** Its contents; errors are CommandErrors. */
  readonly content: Readable;
  /** The number of stored bytes that have been read. */
  bytesRead(): number;
  close(): void;
}

export function isGzip(path: string): boolean {
  return /\.gz$/i.test(path);
}

/** The stored bytes of a file from `start` up to, but not including, `end`. */
export function streamOf(file: BytesOf, start = 0, end = Infinity): Readable {
  if (!isS3(file.path)) return createReadStream(file.path, { start, end: end - 1 });
  return Readable.from(objectPieces(file, start, end), { objectMode: false });
}

async function* objectPieces(
  file: BytesOf,
  start: number,
  end: number,
): AsyncGenerator<Uint8Array> {
  const { readObject } = await import('../s3/read.js');
  yield* readObject(file, start, end);
}

/** Opens a file; `.gz` files are decompressed while they are read. */
export function openFile(file: BytesOf, start = 0, end = Infinity): OpenFile {
  const { path } = file;
  const stored = streamOf(file, start, end);
  let bytesRead = 0;
  const content = isGzip(path) ? createGunzip() : new PassThrough();
  stored.on('error', (error) => content.destroy(error));
  stored.on('data', (bytes: Buffer) => void (bytesRead += bytes.length));
  stored.pipe(content);
  const out = content.pipe(new PassThrough());
  content.on('error', (error: NodeJS.ErrnoException) => out.destroy(damaged(path, error)));
  return {
    content: out,
    bytesRead: () => bytesRead,
    close: () => {
      stored.destroy();
      content.destroy();
      out.destroy();
    },
  };
}

function damaged(path: string, error: NodeJS.ErrnoException): Error {
  if (!error.code?.startsWith('Z_')) return error;
  return new CommandError(
    `The file ${path} is not a complete gzip file (${error.code})`,
    'Compress it again',
  );
}

/**
 * Checks pieces of a text file, because a byte that is not UTF-8 would silently become another
 * character.
 */
export class Utf8Check {
  readonly #decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

  constructor(private readonly path: string) {}

  /** @throws CommandError */
  decode(bytes?: Uint8Array): string {
    try {
      return this.#decoder.decode(bytes, { stream: bytes !== undefined });
    } catch {
      throw new CommandError(
        `The file ${this.path} is not UTF-8`,
        'Convert it, for example with "iconv -f LATIN1 -t UTF-8"',
      );
    }
  }
}
