import { asItems, PyObject, type PyValue } from '../../torch/index.js';
import { qualifiedName } from './pipeline.js';

const DEEPEST = 16;

/**
 * A class, and those of its bases that the file holds by value or names, each class before its
 * bases. Each is visited once, because a file may repeat a class in its own bases many times.
 */
export function* withBases(cls: PyValue, depth = 0, seen = new Set<PyValue>()): Generator<PyValue> {
  if (seen.has(cls) || depth > DEEPEST) return;
  seen.add(cls);
  yield cls;
  if (!(cls instanceof PyObject) || !/\b_make_skeleton_class$/.test(qualifiedName(cls.cls))) return;
  for (const base of asItems(cls.args[2]) ?? []) yield* withBases(base, depth + 1, seen);
}
