import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { createTarDecoder } from 'modern-tar';
import xz from 'xz-decompress';
import { openPromise as openZip } from 'yauzl';
import type { ArchiveFormat } from './archive-format.js';

/** A member of an archive, in the order of the file. */
export interface ArchiveEntry {
  readonly name: string;
  readonly kind: 'file' | 'folder' | 'other';
  /** The archive's own type of an entry of kind `other`: symlink, link, fifo... */
  readonly type: string;
  /** The declared size of a file in bytes. */
  readonly size: number;
  /** The bytes of a file. If nobody asks for the content of an entry, it is skipped. */
  content(): AsyncIterable<Uint8Array>;
}

/** Reads the members of an archive one after the other, in constant memory. */
export function readArchive(path: string, format: ArchiveFormat): AsyncIterable<ArchiveEntry> {
  return format === 'zip' ? readZip(path) : readTar(path, format);
}

async function* readTar(path: string, format: ArchiveFormat): AsyncGenerator<ArchiveEntry> {
  const file = createReadStream(path);
  const decoder = createTarDecoder({ strict: true });
  // A failure before the decoder appears as an error of the entries.
  void plainBytes(file, format)
    .pipeTo(decoder.writable)
    .catch(() => undefined);
  try {
    for await (const { header, body } of decoder.readable) {
      const { name, size, type = 'file' } = header;
      let used = false;
      yield {
        name,
        kind: type === 'file' ? 'file' : type === 'directory' ? 'folder' : 'other',
        type,
        size,
        content: () => {
          used = true;
          return body;
        },
      };
      // The decoder waits for a body that nobody reads.
      if (!used) await body.cancel();
    }
  } finally {
    file.destroy();
  }
}

function plainBytes(file: Readable, format: ArchiveFormat): ReadableStream<Uint8Array> {
  if (format === 'bentomodel') return new xz.XzReadableStream(webStream(file));
  if (format === 'tar') return webStream(file);
  const gunzip = createGunzip();
  file.on('error', (error) => gunzip.destroy(error));
  return webStream(file.pipe(gunzip));
}

function webStream(readable: Readable): ReadableStream<Uint8Array> {
  return Readable.toWeb(readable) as unknown as ReadableStream<Uint8Array>;
}

const UNIX = 3;
const TYPE_MASK = 0o170000;
const UNIX_TYPES = new Map([
  [0o120000, 'symlink'],
  [0o010000, 'fifo'],
  [0o020000, 'character-device'],
  [0o060000, 'block-device'],
  [0o140000, 'socket'],
]);

async function* readZip(path: string): AsyncGenerator<ArchiveEntry> {
  const zip = await openZip(path, { lazyEntries: true, decodeStrings: true, autoClose: false });
  try {
    for await (const entry of zip.eachEntry()) {
      const mode = entry.versionMadeBy >> 8 === UNIX ? entry.externalFileAttributes >>> 16 : 0;
      const other = UNIX_TYPES.get(mode & TYPE_MASK);
      const folder = entry.fileName.endsWith('/');
      yield {
        name: entry.fileName,
        kind: other ? 'other' : folder ? 'folder' : 'file',
        type: other ?? (folder ? 'directory' : 'file'),
        size: entry.uncompressedSize,
        content: async function* () {
          yield* await zip.openReadStreamPromise(entry);
        },
      };
    }
  } finally {
    zip.close();
  }
}
