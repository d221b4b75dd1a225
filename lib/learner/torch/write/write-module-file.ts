import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import yazl from 'yazl';
import { openSource } from '../archive/byte-source.js';
import { parseStorageId } from '../archive/storage-id.js';
import { findFolder } from '../archive/zip-format.js';
import { openZip } from '../archive/zip-archive.js';
import { DEFAULT_LIMITS } from '../limits.js';
import type { ModuleOrigin } from '../module.js';
import { Cursor } from '../pickle/cursor.js';
import { PickleMachine } from '../pickle/machine.js';
import { rebuilders } from '../rebuild/rebuilders.js';
import { MemoryStorage } from '../storage.js';
import { StorageView } from '../tensor.js';
import { picklePart } from './pickle-part.js';

const FOLDER = 'archive';
/** A fixed time makes the file of a module the same on every write. */
const EPOCH = new Date(1980, 0, 1);

/**
 * Writes what `torch.save(module)` would: the module's part of its file's pickle, and its storages.
 *
 * @returns false if the module cannot be extracted: the file is a stream from before torch 1.6, or
 * the module refers to an object that contains it.
 */
export async function writeModuleFile(
  { source, path }: ModuleOrigin,
  file: string,
): Promise<boolean> {
  const bytes = openSource(source);
  try {
    const head = bytes.read(0, Math.min(2, bytes.size));
    if (head[0] !== 0x50 || head[1] !== 0x4b) return false;
    const archive = openZip(bytes, DEFAULT_LIMITS);
    const folder = findFolder(bytes, archive);
    const pickle = picklePart(archive.get(`${folder}/data.pkl`)!.read(), path);
    if (!pickle) return false;
    const zip = new yazl.ZipFile();
    const options = { compress: false, mtime: EPOCH };
    const add = (name: string, content: Uint8Array): void =>
      zip.addBuffer(
        Buffer.from(content.buffer, content.byteOffset, content.byteLength),
        `${FOLDER}/${name}`,
        options,
      );
    add('data.pkl', pickle);
    add('byteorder', Buffer.from('little'));
    for (const key of storagesOf(pickle)) {
      const entry = archive.get(`${folder}/data/${key}`)!;
      // Each storage is read in turn: a model's weights need not be in memory at once.
      zip.addReadStreamLazy(`${FOLDER}/data/${key}`, { ...options, size: entry.size }, (give) =>
        give(null, Readable.from([Buffer.from(entry.read())])),
      );
    }
    add('version', Buffer.from('3\n'));
    zip.end();
    await pipeline(
      zip.outputStream as unknown as Readable,
      createWriteStream(file, { flags: 'wx' }),
    );
    return true;
  } finally {
    bytes.close();
  }
}

/** The storages that a pickle names. Reading it also proves that it is complete. */
function storagesOf(pickle: Uint8Array): Set<string> {
  const keys = new Set<string>();
  new PickleMachine(new Cursor('<part>', pickle), {
    limits: DEFAULT_LIMITS,
    rebuilders,
    persistent(id) {
      const { key, dtype, byteLength } = parseStorageId('<part>', id);
      keys.add(key);
      // Its size is known, and its bytes are never read.
      return new StorageView(new MemoryStorage(new Uint8Array(0), key, byteLength), dtype);
    },
  }).run();
  return keys;
}
