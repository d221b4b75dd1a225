import { randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { link, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { createTarPacker } from 'modern-tar';
import { ZipFile } from 'yazl';
import { codeOf, syncPath } from '../durable.js';
import { ArchiveExistsError } from '../errors/index.js';
import type { ArchiveFormat } from './archive-format.js';
import type { PackedFile } from './files-of.js';
import { storeAsXz } from './xz-writer.js';

/**
 * Packs files into an archive. It is written beside its place and put there when it is whole and on
 * the disk.
 *
 * @throws ArchiveExistsError when the file is there and `overwrite` is not set.
 */
export async function pack(
  files: readonly PackedFile[],
  target: string,
  format: ArchiveFormat,
  options: { overwrite: boolean; onProgress?: ((bytes: number) => void) | undefined },
): Promise<void> {
  const aside = join(dirname(target), `.${basename(target)}.${randomBytes(6).toString('hex')}`);
  let bytes = 0;
  const counted = async function* (source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of source) {
      yield chunk;
      bytes += chunk.length;
      options.onProgress?.(bytes);
    }
  };
  const open = (file: PackedFile): Readable => Readable.from(counted(createReadStream(file.path)));
  try {
    const output = createWriteStream(aside, { flags: 'wx' });
    if (format === 'zip') await pipeline(zip(files, open), output);
    else if (format === 'tar') await pipeline(tar(files, open), output);
    else if (format === 'tar.gz') await pipeline(tar(files, open), createGzip(), output);
    else await pipeline(tar(files, open), storeAsXz, output);
    await syncPath(aside, 'file');
    await putInPlace(aside, target, options.overwrite);
  } finally {
    await rm(aside, { force: true });
  }
}

async function putInPlace(aside: string, target: string, overwrite: boolean): Promise<void> {
  if (overwrite) return rename(aside, target);
  try {
    // Unlike rename() it does not replace what has come since.
    await link(aside, target);
  } catch (error) {
    if (codeOf(error) === 'EEXIST') throw new ArchiveExistsError(target);
    // File systems without hard links.
    await rename(aside, target);
  }
}

type Open = (file: PackedFile) => Readable;

async function* tar(files: readonly PackedFile[], open: Open): AsyncGenerator<Uint8Array> {
  const { readable, controller } = createTarPacker();
  const feed = async (): Promise<void> => {
    for (const { name, size, mtime, path } of files) {
      const entry = controller.add({ name, size, mtime, mode: 0o644, type: 'file' });
      await Readable.toWeb(open({ name, size, mtime, path })).pipeTo(entry);
    }
    controller.finalize();
  };
  feed().catch((error: unknown) => controller.error(error));
  yield* readable as unknown as AsyncIterable<Uint8Array>;
}

function zip(files: readonly PackedFile[], open: Open): NodeJS.ReadableStream {
  const archive = new ZipFile();
  for (const file of files) {
    archive.addReadStreamLazy(
      file.name,
      { mtime: file.mtime, mode: 0o100644, size: file.size },
      (done) => done(null, open(file)),
    );
  }
  archive.end();
  return archive.outputStream;
}
