import { NotATorchFileError } from '../errors.js';
import { checkLimit, type ReadLimits } from '../limits.js';
import { Cursor } from '../pickle/cursor.js';
import { PickleMachine } from '../pickle/machine.js';
import type { Rebuilder, Rebuilders } from '../pickle/rebuilder.js';
import type { PyGlobal, PyValue } from '../python.js';
import { rebuilders } from '../rebuild/rebuilders.js';
import { StorageView } from '../tensor.js';
import { openSource, type ByteSource } from './byte-source.js';
import { inflated } from './compressed.js';
import { arrayBehind } from './joblib-array.js';
import { readLegacy } from './legacy-format.js';
import { readZipFormat } from './zip-format.js';

/** A storage's own file is a handful of opcodes. */
const STORAGE_LIMITS = { maxOperations: 10_000, maxStack: 1000, maxMemo: 1000 };

/** Whether the bytes start like a pickle of protocol 2 or later. */
export function startsPickle(head: Uint8Array): boolean {
  return head[0] === 0x80 && head[1]! >= 2 && head[1]! <= 5;
}

/** File names of pickles that joblib compressed with zlib or gzip. */
export function isCompressedPickle(source: ByteSource, head: Uint8Array): boolean {
  const start = inflated(source, head, 2);
  return start !== undefined && startsPickle(start);
}

/**
 * Reads files of `pickle.dump` or `joblib.dump`, including joblib's zlib or gzip compression: one
 * pickle, in which each storage is a separate torch file.
 */
export function readPlain(
  source: ByteSource,
  limits: Readonly<ReadLimits>,
): { root: PyValue; globals: readonly PyGlobal[] } {
  const head = source.read(0, Math.min(source.size, 512));
  const bytes = startsPickle(head)
    ? source.read(0, checked(source, limits, source.size))
    : inflated(source, source.read(0, checked(source, limits, source.size)), limits);
  if (!bytes) throw new NotATorchFileError(source.name, 'its decompressed content is not a pickle');
  const globals = new Map<string, PyGlobal>();
  const options = { limits, rebuilders: withStorages(source, limits, globals), globals };
  const root = new PickleMachine(new Cursor(source.name, bytes), {
    ...options,
    behindState: (record, cursor) =>
      arrayBehind(record, cursor, () => new PickleMachine(cursor, options).run()),
  }).run();
  return { root, globals: [...globals.values()] };
}

function checked(source: ByteSource, limits: Readonly<ReadLimits>, size: number): number {
  checkLimit(source.name, limits, 'maxPickleBytes', size, `a pickle of ${size} bytes`);
  return size;
}

/** The closed list, and `_load_from_bytes`: a storage that `torch.save` wrote to bytes. */
function withStorages(
  source: ByteSource,
  limits: Readonly<ReadLimits>,
  globals: Map<string, PyGlobal>,
): Rebuilders {
  const inner = { ...limits, ...STORAGE_LIMITS };
  /** A hostile file may load the same bytes endlessly. */
  const known = new Map<Uint8Array, StorageView | undefined>();
  const storageIn = (bytes: Uint8Array): StorageView | undefined => {
    const file = openSource(bytes);
    const read = bytes[0] === 0x50 && bytes[1] === 0x4b ? readZipFormat : readLegacy;
    const { root, globals: named } = read(file, inner);
    for (const one of named) globals.set(one.qualifiedName, one);
    return root instanceof StorageView ? root : undefined;
  };
  const rebuild: Rebuilder = ([bytes], context) => {
    if (!(bytes instanceof Uint8Array)) return undefined;
    if (!known.has(bytes)) {
      context.charge(1);
      known.set(bytes, storageIn(bytes));
    }
    const storage = known.get(bytes);
    if (!storage) throw source.corrupt('the bytes of a storage do not hold a storage');
    return storage;
  };
  return new Map([...rebuilders, ['torch.storage._load_from_bytes', rebuild]]);
}
