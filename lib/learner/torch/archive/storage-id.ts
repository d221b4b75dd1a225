import { CorruptArchiveError } from '../errors.js';
import { PyGlobal, type PyValue } from '../python.js';
import { elementSize, type DType } from '../tensor.js';

/**
 * torch's storage classes: the dtype, or the size in bytes of one element that no tensor here can
 * hold.
 */
const STORAGES: ReadonlyMap<string, DType | number> = new Map<string, DType | number>([
  ['DoubleStorage', 'float64'],
  ['FloatStorage', 'float32'],
  ['HalfStorage', 'float16'],
  ['BFloat16Storage', 'bfloat16'],
  ['LongStorage', 'int64'],
  ['IntStorage', 'int32'],
  ['ShortStorage', 'int16'],
  ['CharStorage', 'int8'],
  ['ByteStorage', 'uint8'],
  ['BoolStorage', 'bool'],
  ['ComplexFloatStorage', 'complex64'],
  ['ComplexDoubleStorage', 'complex128'],
  ['UntypedStorage', 1],
  ['_UntypedStorage', 1],
  ['QInt8Storage', 1],
  ['QUInt8Storage', 1],
  ['QUInt4x2Storage', 1],
  ['QUInt2x4Storage', 1],
  ['QInt32Storage', 4],
]);

/** `('storage', class, key, device, elements)`, and in the legacy format a view. */
export interface StorageId {
  readonly key: string;
  readonly dtype: DType | undefined;
  readonly elementSize: number;
  readonly byteLength: number;
  /** The later fields, of the legacy format. */
  readonly rest: readonly PyValue[];
}

export function parseStorageId(file: string, id: PyValue): StorageId {
  const [kind, type, key, , count, ...rest] = Array.isArray(id) ? id : [];
  const isTorch = type instanceof PyGlobal && /^torch(\.|$)/.test(type.module);
  const element = isTorch ? STORAGES.get(type.name) : undefined;
  const named = typeof key === 'string' || typeof key === 'number' ? String(key) : undefined;
  if (kind !== 'storage' || !element || named === undefined || !isCount(count)) {
    throw new CorruptArchiveError(
      file,
      'a persistent id in its pickle does not refer to a storage',
    );
  }
  const dtype = typeof element === 'string' ? element : undefined;
  const size = typeof element === 'string' ? elementSize(element) : element;
  return { key: named, dtype, elementSize: size, byteLength: count * size, rest };
}

function isCount(value: PyValue | undefined): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
