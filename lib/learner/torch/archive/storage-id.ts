import { CorruptArchiveError } from '../errors/index.js';
import type { PyValue } from '../python.js';
import { storageElement } from '../rebuild/torch.js';
import type { DType } from '../tensor.js';

/**
 * A persistent id of torch: `('storage', class, key, device, elements)`, and a view in the legacy
 * format.
 */
export interface StorageId {
  readonly key: string;
  readonly dtype: DType | undefined;
  readonly elementSize: number;
  readonly byteLength: number;
  /** The fields behind, of the legacy format. */
  readonly rest: readonly PyValue[];
}

export function parseStorageId(file: string, id: PyValue): StorageId {
  const [kind, type, key, , count, ...rest] = Array.isArray(id) ? id : [];
  const element = storageElement(type);
  const named = typeof key === 'string' || typeof key === 'number' ? String(key) : undefined;
  if (kind !== 'storage' || !element || named === undefined || !isCount(count)) {
    throw new CorruptArchiveError(file, 'a persistent id in its pickle refers to no storage');
  }
  return {
    key: named,
    dtype: element.dtype,
    elementSize: element.size,
    byteLength: count * element.size,
    rest,
  };
}

function isCount(value: PyValue | undefined): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
