import { createHash } from 'node:crypto';
import { ByteOrderError, NotATorchFileError, TorchScriptFileError } from '../errors.js';
import { checkLimit, type ReadLimits } from '../limits.js';
import { Cursor } from '../pickle/cursor.js';
import { PickleMachine } from '../pickle/machine.js';
import type { PyGlobal, PyValue } from '../python.js';
import { rebuilders } from '../rebuild/rebuilders.js';
import { LazyStorage, type TorchStorage } from '../storage.js';
import { StorageView } from '../tensor.js';
import type { ByteSource } from './byte-source.js';
import { parseStorageId, type StorageId } from './storage-id.js';
import { openZip, type ZipArchive } from './zip-archive.js';

/** Reads a zip archive of `torch.save` (torch 1.6 and later). */
export function readZipFormat(
  source: ByteSource,
  limits: Readonly<ReadLimits>,
): { root: PyValue; globals: readonly PyGlobal[]; fingerprint: () => string } {
  const archive = openZip(source, limits);
  const folder = findFolder(source, archive);
  const order = archive.get(`${folder}/byteorder`);
  if (order) {
    const text = Buffer.from(order.read()).toString('latin1').trim();
    if (text !== 'little') throw new ByteOrderError(source.name, text.slice(0, 20));
  }
  const pickle = archive.get(`${folder}/data.pkl`)!;
  const { size } = pickle;
  checkLimit(source.name, limits, 'maxPickleBytes', size, `a pickle of ${size} bytes`);
  const storages = new Map<string, TorchStorage>();
  const globals = new Map<string, PyGlobal>();
  const bytes = pickle.read();
  const machine = new PickleMachine(new Cursor(source.name, bytes), {
    limits,
    rebuilders,
    globals,
    persistent(id) {
      const parsed = parseStorageId(source.name, id);
      const storage = openStorage(source, archive, folder, parsed, storages);
      return new StorageView(storage, parsed.dtype);
    },
  });
  return {
    root: machine.run(),
    globals: [...globals.values()],
    fingerprint() {
      const entries = [...archive.values()].map(({ name, size, crc32 }) => [name, size, crc32]);
      const hash = createHash('sha256').update(JSON.stringify(entries));
      return hash.update(bytes).digest('hex');
    },
  };
}

/** The folder inside a torch archive: the name of the file at the time it was saved. */
export function findFolder(source: ByteSource, archive: ZipArchive): string {
  const pickles = [...archive.keys()].filter((name) => /^[^/]+\/data\.pkl$/.test(name));
  const [pickle] = pickles;
  if (pickle === undefined) {
    throw new NotATorchFileError(source.name, 'it is a zip archive without a data.pkl in a folder');
  }
  if (pickles.length > 1) {
    throw source.corrupt(`it has ${pickles.length} files named data.pkl`);
  }
  const folder = pickle.slice(0, -'/data.pkl'.length);
  if (archive.has(`${folder}/constants.pkl`)) throw new TorchScriptFileError(source.name);
  return folder;
}

function openStorage(
  source: ByteSource,
  archive: ZipArchive,
  folder: string,
  id: StorageId,
  storages: Map<string, TorchStorage>,
): TorchStorage {
  const entry = archive.get(`${folder}/data/${id.key}`);
  if (!entry) {
    // Even an empty storage has an entry, so this one is lost.
    throw source.corrupt(`the storage "${id.key}" is missing`);
  }
  if (entry.size < id.byteLength) {
    throw source.corrupt(
      `the storage "${id.key}" has ${entry.size} bytes, but its tensors need ${id.byteLength}`,
    );
  }
  let storage = storages.get(id.key);
  if (!storage) {
    storage = new LazyStorage(
      id.key,
      entry.size,
      () => entry.read(),
      () => entry.pieces(),
    );
    storages.set(id.key, storage);
  }
  return storage;
}
