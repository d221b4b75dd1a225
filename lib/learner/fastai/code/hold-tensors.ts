import { PyDict, PyObject, PyPartial, PySet, Tensor, type PyValue } from '../../torch/index.js';

/**
 * The bytes of all tensors that records lead to: their holder can read the tensors after the file
 * is closed.
 */
export function holdTensors(records: readonly PyValue[]): readonly Uint8Array[] {
  const held = new Set<Uint8Array>();
  const seen = new Set<unknown>();
  const waiting: (PyValue | undefined)[] = [...records];
  while (waiting.length > 0) {
    const value = waiting.pop();
    if (typeof value !== 'object' || value === null || seen.has(value)) continue;
    seen.add(value);
    if (value instanceof Tensor) held.add(value.storage.bytes());
    else if (Array.isArray(value)) waiting.push(...value);
    else if (value instanceof PyDict) for (const [key, item] of value) waiting.push(key, item);
    else if (value instanceof PySet) waiting.push(...value.items);
    else if (value instanceof PyPartial) waiting.push(value.func, ...value.args, value.kwargs);
    else if (value instanceof PyObject) {
      waiting.push(value.cls, ...value.args, value.kwargs, value.state, ...value.items);
      waiting.push(value.entries, ...value.attrs.values());
    }
  }
  return [...held];
}
