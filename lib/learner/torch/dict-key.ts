import { createHash } from 'node:crypto';
import { PyGlobal, PyPath, PySet, PyTuple, type PyValue } from './python.js';

export type DictKey = null | number | bigint | string | object;

/**
 * Python's key equality as a JavaScript map key: by value for tuples and frozensets, by identity
 * for objects.
 */
export function dictKey(key: PyValue): DictKey {
  if (typeof key === 'string') return key.startsWith('\0') ? `\0str:${key}` : key;
  if (typeof key === 'boolean') return key ? 1 : 0;
  if (key === null || typeof key !== 'object') return key;
  if (key instanceof PyTuple || key instanceof PySet) return containerKey(key);
  if (key instanceof Uint8Array) return `\0bytes:${Buffer.from(key).toString('hex')}`;
  if (key instanceof PyGlobal) return `\0global:${key.qualifiedName}`;
  if (key instanceof PyPath) return `\0path:${key.path}`;
  return key;
}

/**
 * Keys longer than this are replaced by their hash: nested tuples that share parts would grow
 * without bound.
 */
const LONGEST_KEY = 200;
const containerKeys = new WeakMap<object, string>();

/**
 * Keys of the innermost containers first, on a stack of its own: a file may nest tuples without
 * end.
 */
function containerKey(outermost: PyTuple | PySet): string {
  const pending: (PyTuple | PySet)[] = [outermost];
  const opened = new Set<object>();
  while (pending.length > 0) {
    const container = pending[pending.length - 1]!;
    const first = !opened.has(container);
    opened.add(container);
    const items = container instanceof PySet ? container.items : container;
    const before = pending.length;
    if (first && !containerKeys.has(container)) {
      for (const item of items) {
        // A container that is open already contains itself; it takes part by identity.
        if (isContainer(item) && !containerKeys.has(item) && !opened.has(item)) pending.push(item);
      }
      if (pending.length > before) continue;
    }
    pending.pop();
    if (containerKeys.has(container)) continue;
    const parts = [...items].map(itemKey);
    if (container instanceof PySet) parts.sort();
    const kind = container instanceof PySet ? 'set' : 'tuple';
    const text = `\0${kind}:${parts.map((part) => `${part.length}:${part}`).join('')}`;
    const key =
      text.length > LONGEST_KEY
        ? `\0hash:${createHash('sha256').update(text).digest('hex')}`
        : text;
    containerKeys.set(container, key);
  }
  return containerKeys.get(outermost)!;
}

function isContainer(value: PyValue): value is PyTuple | PySet {
  return value instanceof PyTuple || value instanceof PySet;
}

const identities = new WeakMap<object, number>();
let nextIdentity = 0;

function itemKey(item: PyValue): string {
  const key = isContainer(item) ? (containerKeys.get(item) ?? item) : dictKey(item);
  if (typeof key === 'object' && key !== null) {
    let id = identities.get(key);
    if (id === undefined) identities.set(key, (id = nextIdentity++));
    return `o${id}`;
  }
  return `${typeof key}:${String(key)}`;
}
