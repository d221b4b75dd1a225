import { createHash } from 'node:crypto';

export type DictKey = null | number | bigint | string | object;

/** An object that Python compares by value: as a text, or item by item. */
export interface ComparedByValue {
  readonly equality: readonly [kind: 'set' | 'tuple' | 'global' | 'path', by: string | Items];
}

type Items = readonly unknown[];
type Container = ComparedByValue & { readonly equality: readonly [kind: string, by: Items] };

/** Python's equality of keys: by value for tuples and frozensets, by identity for objects. */
export function dictKey(key: unknown): DictKey {
  if (typeof key === 'string') return key.startsWith('\0') ? `\0str:${key}` : key;
  if (typeof key === 'boolean') return key ? 1 : 0;
  if (key === null || typeof key !== 'object') return key as DictKey;
  if (isContainer(key)) return containerKey(key);
  if (key instanceof Uint8Array) return `\0bytes:${Buffer.from(key).toString('hex')}`;
  const { equality } = key as Partial<ComparedByValue>;
  return equality ? `\0${equality[0]}:${equality[1] as string}` : key;
}

/** Longer keys are hashed: otherwise nested tuples with shared parts would grow without bound. */
const LONGEST_KEY = 200;
const containerKeys = new WeakMap<object, string>();

/** Visits the innermost containers first, on an explicit stack: files may nest tuples endlessly. */
function containerKey(outermost: Container): string {
  const pending = [outermost];
  const opened = new Set<object>();
  while (pending.length > 0) {
    const container = pending[pending.length - 1]!;
    const [kind, items] = container.equality;
    const before = pending.length;
    if (!opened.has(container) && !containerKeys.has(container)) {
      opened.add(container);
      for (const item of items) {
        // A container that is still open contains itself; it is compared by identity.
        if (isContainer(item) && !containerKeys.has(item) && !opened.has(item)) pending.push(item);
      }
      if (pending.length > before) continue;
    }
    pending.pop();
    if (containerKeys.has(container)) continue;
    const parts = items.map(itemKey);
    if (kind === 'set') parts.sort();
    const text = `\0${kind}:${parts.map((part) => `${part.length}:${part}`).join('')}`;
    const hash = (): string => `\0hash:${createHash('sha256').update(text).digest('hex')}`;
    containerKeys.set(container, text.length > LONGEST_KEY ? hash() : text);
  }
  return containerKeys.get(outermost)!;
}

function isContainer(value: unknown): value is Container {
  if (typeof value !== 'object' || value === null) return false;
  return Array.isArray((value as Partial<ComparedByValue>).equality?.[1]);
}

const identities = new WeakMap<object, number>();
let nextIdentity = 0;

function itemKey(item: unknown): string {
  const key = isContainer(item) ? (containerKeys.get(item) ?? item) : dictKey(item);
  if (typeof key === 'object' && key !== null) {
    let id = identities.get(key);
    if (id === undefined) identities.set(key, (id = nextIdentity++));
    return `o${id}`;
  }
  return `${typeof key}:${String(key)}`;
}
