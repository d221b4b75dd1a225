import { ByteOrderError, NotATorchFileError, TruncatedFileError } from '../errors.js';
import type { ReadLimits } from '../limits.js';
import { Cursor } from '../pickle/cursor.js';
import { PickleMachine, type MachineOptions } from '../pickle/machine.js';
import { PyDict, type PyGlobal, type PyValue } from '../python.js';
import { rebuilders } from '../rebuild/rebuilders.js';
import { LazyStorage, type TorchStorage } from '../storage.js';
import { StorageView } from '../tensor.js';
import type { ByteSource } from './byte-source.js';
import { parseStorageId } from './storage-id.js';

/** The facts in the first pickles of a legacy file. */
const MAGIC_NUMBER = 0x1950a86a20f9469cfc6cn;
const PROTOCOL_VERSION = 1001;
/** Bytes at the front that are searched first for the pickles; the weights follow them. */
const FIRST_WINDOW = 2 ** 24;
/** Enough bytes for a pickle of one number. */
const PROBE_LIMITS = { maxOperations: 8, maxStack: 4 };

interface Root {
  readonly byteLength: number;
  readonly elementSize: number;
  /** Where its bytes start; known once the object's pickle has been read. */
  offset: number | undefined;
}

/**
 * The stream from before torch 1.6: a magic number, a version, facts about the machine, the object,
 * and the keys of its storages, each as a pickle; then the element count and raw bytes of each
 * storage.
 */
export function readLegacy(
  source: ByteSource,
  limits: Readonly<ReadLimits>,
): { root: PyValue; globals: readonly PyGlobal[] } {
  if (!isLegacy(source, limits)) {
    throw new NotATorchFileError(
      source.name,
      'it is not a torch zip archive, a torch stream or a pickle of protocol 2 to 5',
    );
  }
  // The pickles do not state their length: read more until they fit.
  for (let window = FIRST_WINDOW; ; window *= 4) {
    const length = Math.min(source.size, window, limits.maxPickleBytes);
    try {
      return readStream(source, source.read(0, length), limits);
    } catch (error) {
      const mayGrow = length < source.size && length < limits.maxPickleBytes;
      if (!(error instanceof TruncatedFileError) || !mayGrow) throw error;
    }
  }
}

/** Whether its first pickle is the number that torch's streams start with. */
export function isLegacy(source: ByteSource, limits: Readonly<ReadLimits>): boolean {
  const head = source.read(0, Math.min(source.size, 64));
  const probe = { limits: { ...limits, ...PROBE_LIMITS }, rebuilders: new Map() };
  try {
    return new PickleMachine(new Cursor(source.name, head), probe).run() === MAGIC_NUMBER;
  } catch {
    return false;
  }
}

function readStream(
  source: ByteSource,
  bytes: Uint8Array,
  limits: Readonly<ReadLimits>,
): { root: PyValue; globals: readonly PyGlobal[] } {
  const cursor = new Cursor(source.name, bytes);
  const read = (more: Partial<MachineOptions> = {}): PyValue =>
    new PickleMachine(cursor, { limits, rebuilders, ...more }).run();
  // The magic number has been seen.
  read();
  if (read() !== PROTOCOL_VERSION) {
    throw source.corrupt('its torch stream has an unknown version');
  }
  const machine = read();
  if (machine instanceof PyDict && machine.get('little_endian') === false) {
    throw new ByteOrderError(source.name, 'big');
  }
  const roots = new Map<string, Root>();
  const opened = new Map<string, TorchStorage>();
  const globals = new Map<string, PyGlobal>();
  const persistent = (id: PyValue): PyValue => resolveId(source, id, roots, opened);
  const root = read({ globals, persistent });
  locate(source, read(), roots, cursor.position);
  return { root, globals: [...globals.values()] };
}

function resolveId(
  source: ByteSource,
  id: PyValue,
  roots: Map<string, Root>,
  opened: Map<string, TorchStorage>,
): PyValue {
  // Old versions of torch also wrote the source code of module classes.
  if (Array.isArray(id) && id[0] === 'module' && id[1] !== undefined) return id[1];
  const { key, dtype, elementSize, byteLength, rest } = parseStorageId(source.name, id);
  let root = roots.get(key);
  if (!root) roots.set(key, (root = { byteLength, elementSize, offset: undefined }));
  const [view] = rest;
  let [name, start, length] = [key, 0, byteLength];
  if (Array.isArray(view)) {
    const [viewKey, offset, count] = view;
    if (typeof offset !== 'number' || typeof count !== 'number' || offset < 0 || count < 0) {
      throw source.corrupt(`a view of the storage "${key}" has invalid bounds`);
    }
    name = `${key}/${String(viewKey)}`;
    start = offset * elementSize;
    length = count * elementSize;
  }
  if (start + length > root.byteLength) {
    throw source.corrupt(`a view of the storage "${key}" lies outside it`);
  }
  let storage = opened.get(name);
  if (!storage || storage.byteLength !== length) {
    storage = new LazyStorage(name, length, () =>
      source.read(offsetOf(source, key, root) + start, length),
    );
    opened.set(name, storage);
  }
  return new StorageView(storage, dtype);
}

function offsetOf(source: ByteSource, key: string, root: Root): number {
  if (root.offset !== undefined) return root.offset;
  throw source.corrupt(`its list of storages lacks the storage "${key}"`);
}

/** Records where each storage is, and checks that none is missing. */
function locate(source: ByteSource, keys: PyValue, roots: Map<string, Root>, start: number): void {
  if (!Array.isArray(keys)) throw source.corrupt('its list of storages is missing');
  let position = start;
  for (const key of keys) {
    const root = roots.get(String(key));
    if (!root || root.offset !== undefined) {
      throw source.corrupt(`its list of storages names "${String(key)}"`);
    }
    const header = source.read(position, 8);
    const count = new DataView(header.buffer, header.byteOffset, 8).getBigInt64(0, true);
    if (count * BigInt(root.elementSize) !== BigInt(root.byteLength)) {
      throw source.corrupt(
        `the storage "${String(key)}" has ${count} elements of ${root.elementSize} bytes, ` +
          `but needs ${root.byteLength} bytes`,
      );
    }
    root.offset = position + 8;
    position = root.offset + root.byteLength;
    if (position > source.size) {
      throw source.truncated(`the storage "${String(key)}" extends past its end`);
    }
  }
  for (const [key, root] of roots) offsetOf(source, key, root);
}
