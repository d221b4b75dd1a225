import { createReadStream, createWriteStream } from 'node:fs';
import { link, rename } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { createTarPacker } from 'modern-tar';
import { ZipFile } from 'yazl';
import { hasCode, syncPath, writeAside } from '../durable.js';
import { ArchiveExistsError } from '../errors.js';
import type { ArchiveFormat } from './archive-format.js';
import type { PackedFile } from './files-of.js';
import { storeAsXz } from './xz-writer.js';

/**
 * Packs files into an archive. It is written beside its place, and moved there when it is complete
 * and on the disk.
 *
 * @throws ArchiveExistsError if the file exists and `overwrite` is not set.
 */
export async function pack(
  files: readonly PackedFile[],
  target: string,
  format: ArchiveFormat,
  options: { overwrite: boolean; onProgress?: ((bytes: number) => void) | undefined },
): Promise<void> {
  let bytes = 0;
  const counted = async function* (source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of source) {
      yield chunk;
      bytes += chunk.length;
      options.onProgress?.(bytes);
    }
  };
  const open = (file: PackedFile): Readable => Readable.from(counted(createReadStream(file.path)));
  await writeAside(target, async (aside) => {
    const output = createWriteStream(aside, { flags: 'wx' });
    if (format === 'zip') await pipeline(zip(files, open), output);
    else if (format === 'tar') await pipeline(tar(files, open), output);
    else if (format === 'tar.gz') await pipeline(tar(files, open), createGzip(), output);
    else await pipeline(tar(files, open), storeAsXz, output);
    await syncPath(aside, 'file');
    await putInPlace(aside, target, options.overwrite);
  });
}

async function putInPlace(aside: string, target: string, overwrite: boolean): Promise<void> {
  if (overwrite) return rename(aside, target);
  try {
    // Unlike rename(), it does not replace a file that appeared meanwhile.
    await link(aside, target);
  } catch (error) {
    if (hasCode(error, 'EEXIST')) throw new ArchiveExistsError(target);
    // For file systems without hard links.
    await rename(aside, target);
  }
}

type Open = (file: PackedFile) => Readable;

async function* tar(files: readonly PackedFile[], open: Open): AsyncGenerator<Uint8Array> {
  const { readable, controller } = createTarPacker();
  const feed = async (): Promise<void> => {
    for (const file of files) {
      const { name, size, mtime } = file;
      const entry = controller.add({ name, size, mtime, mode: 0o644, type: 'file' });
      await Readable.toWeb(open(file)).pipeTo(entry);
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
