import { PyDict, PyObject, PyTuple, type PyValue } from '../python.js';
import type { Rebuilder, RebuilderList } from '../pickle/rebuilder.js';

/**
 * Calls whose result is dropped or is their first argument: the state must go to that record now,
 * or it is lost. The helpers moved between modules, and older ones have other names.
 */
export const cloudpickleRebuilders: RebuilderList = [
  'cloudpickle.cloudpickle',
  'cloudpickle.cloudpickle_fast',
].flatMap((module) =>
  [
    ['_function_setstate', setState],
    ['_class_setstate', setState],
    ['_rehydrate_skeleton_class', setState],
    ['_fill_function', fillFunction],
  ].map(([name, rebuilder]) => [`${module}.${name as string}`, rebuilder as Rebuilder] as const),
);

/** `(function or class, (attributes, slots))`, or only the attributes. */
function setState(args: readonly PyValue[]): PyValue | undefined {
  const [record, state] = args;
  if (!(record instanceof PyObject) || state === undefined) return undefined;
  const hasNoSlots = Array.isArray(state) && state.length === 2 && state[1] === null;
  record.build(hasNoSlots ? PyTuple.of_([state[0]!, new PyDict()]) : state);
  return record;
}

/** The parts that the oldest form gives one by one. */
const PARTS = ['globals', 'defaults', 'dict', 'module', 'closure_values'];

/** `(function, state)` of cloudpickle before 1.3, or its parts one by one. */
function fillFunction(args: readonly PyValue[]): PyValue | undefined {
  const [record, ...parts] = args;
  if (!(record instanceof PyObject) || parts.length === 0) return undefined;
  if (parts.length === 1) record.build(parts[0]!);
  else record.build(PyDict.from(parts.map((part, at) => [PARTS[at] ?? '', part])));
  return record;
}
