import { PyDict, PyObject, PyTuple, type PyValue } from '../python.js';
import type { RebuilderList } from '../pickle/rebuilder.js';

/** Calls whose results are dropped: the state must go to the record now, or it is lost. */
export const cloudpickleRebuilders: RebuilderList = [
  'cloudpickle.cloudpickle._function_setstate',
  'cloudpickle.cloudpickle._class_setstate',
  'cloudpickle.cloudpickle_fast._function_setstate',
  'cloudpickle.cloudpickle_fast._class_setstate',
].map((name) => [name, setState] as const);

/** `(function or class, (attributes, slots))`. */
function setState(args: readonly PyValue[]): PyValue | undefined {
  const [record, state] = args;
  if (!(record instanceof PyObject) || state === undefined) return undefined;
  const hasNoSlots = Array.isArray(state) && state.length === 2 && state[1] === null;
  record.build(hasNoSlots ? PyTuple.of_([state[0]!, new PyDict()]) : state);
  return record;
}
